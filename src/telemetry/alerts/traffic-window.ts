import type { CountsSnapshot, RequestSeries } from '../event-counts.ts'
import { type LatencyHistogram, mergeHistogram, newHistogram } from '../latency-histogram.ts'

/** Requests of one virtual server in a time. */
export interface Traffic {
  requests: number
  /** Failed in the gateway or the upstream. */
  failures: number
  readonly times: LatencyHistogram
}

type Sample = { readonly atMs: number; readonly servers: ReadonlyMap<string, Traffic> }

const longestMs = 61 * 60_000

/** What was counted at some moments of the last hour: the difference of two is what happened in between. */
export class TrafficWindow {
  readonly #samples: Sample[] = []

  add(counts: CountsSnapshot, atMs: number): void {
    this.#samples.push({ atMs, servers: sumUp(counts.requests) })
    while ((this.#samples[0]?.atMs ?? atMs) < atMs - longestMs) this.#samples.shift()
  }

  /** The last minutes, by virtual server; `isWhole` is false until as much time was seen. */
  last(minutes: number): { readonly servers: ReadonlyMap<string, Traffic>; readonly isWhole: boolean } {
    const newest = this.#samples.at(-1)
    if (newest === undefined) return { servers: new Map(), isWhole: false }
    const sinceMs = newest.atMs - minutes * 60_000
    const base = this.#samples.findLast(({ atMs }) => atMs <= sinceMs)
    const from = base ?? this.#samples[0]
    const servers = new Map([...newest.servers].map(([name, now]) => [name, subtract(now, from?.servers.get(name))]))
    return { servers, isWhole: base !== undefined }
  }
}

/** Streams stay open for as long as they like, so their times say nothing. */
function isTimed({ method }: RequestSeries): boolean {
  return method !== '' && method !== 'subscriptions/listen'
}

/** A tool that reports an error worked; an upstream that answers with an error of its own did not. */
function isFailure({ outcome, errorType }: RequestSeries): boolean {
  return outcome === 'failure' || (outcome === 'application_error' && errorType !== '' && errorType !== 'tool_error')
}

function sumUp(requests: readonly RequestSeries[]): ReadonlyMap<string, Traffic> {
  const servers = new Map<string, Traffic>()
  for (const series of requests) {
    if (series.virtualServer === '') continue
    const traffic = servers.get(series.virtualServer) ?? { requests: 0, failures: 0, times: newHistogram() }
    servers.set(series.virtualServer, traffic)
    traffic.requests += series.count
    if (isFailure(series)) traffic.failures += series.count
    if (isTimed(series)) mergeHistogram(traffic.times, series.total)
  }
  return servers
}

/** A process that started again counts from zero: what it says less than before is what happened since. */
function subtract(now: Traffic, before: Traffic | undefined): Traffic {
  if (before === undefined || before.requests > now.requests) return now
  const times = newHistogram()
  mergeHistogram(times, now.times)
  mergeHistogram(times, before.times, -1)
  return { requests: now.requests - before.requests, failures: now.failures - before.failures, times }
}
