import type { GatewayEvent } from '../analytics/event.ts'
import type { EventBatch, EventSink } from '../contracts/event-sink.ts'
import { type CountsSnapshot, EventCounts, type RequestSeries } from './event-counts.ts'
import { type LatencyHistogram, mergeHistogram, newHistogram } from './latency-histogram.ts'
import { readProcessMetrics } from './process-metrics.ts'
import { type Labels, type MetricFamily, prometheusContentType, renderFamilies } from './prometheus-text.ts'

/** What is read when somebody asks: how much of something there is now, or was so far. */
export type MetricReader = () => readonly MetricFamily[]

export interface MetricsOptions {
  /** Methods that may be a label; what clients make up is `other`. */
  readonly isKnownMethod: (method: string) => boolean
  readonly readers: readonly MetricReader[]
}

/** What is counted of a gateway. */
export interface Metrics {
  /** Counts events. */
  readonly sink: EventSink<GatewayEvent>
  /** What was counted by this process and, where it leads, by the others. */
  counts(): CountsSnapshot
  /** Of this process alone, for another one to merge. */
  ownCounts(): CountsSnapshot
  /** Takes what another process counted since it started; `process` names that process, and no other one later. */
  takeCounts(process: string, counts: CountsSnapshot): void
  /** Everything besides counts of events, as it is now. */
  readFamilies(): readonly MetricFamily[]
  /** Everything. */
  readAll(): readonly MetricFamily[]
  /** Everything, in the text format of Prometheus. */
  renderMetrics(): { readonly contentType: string; readonly body: string }
}

/** Counts events soon after they were recorded, and renders what was counted. Nothing of it grows with what clients send. */
export function createMetrics({ isKnownMethod, readers }: MetricsOptions): Metrics {
  const own = new EventCounts(isKnownMethod)
  const others = new Map<string, CountsSnapshot>()
  const counts = () => {
    if (others.size === 0) return own.snapshot()
    const sum = new EventCounts(isKnownMethod)
    for (const each of [own.snapshot(), ...others.values()]) sum.merge(each)
    return sum.snapshot()
  }
  const readFamilies = () => [...readers.flatMap((read) => read()), ...readProcessMetrics()]
  const readAll = () => [...describeCounts(counts()), ...readFamilies()]
  return {
    sink: { name: 'metrics', newBatch: () => new CountedBatch(own), write: () => undefined, close: () => undefined },
    counts,
    ownCounts: () => own.snapshot(),
    // Processes that ended stay: what they counted happened, and a sum that fell would look like a restart.
    takeCounts: (process, snapshot) => void others.set(process, snapshot),
    readFamilies,
    readAll,
    renderMetrics: () => ({ contentType: prometheusContentType, body: renderFamilies(readAll()) }),
  }
}

/** Counted as they come: nothing of them is kept. */
class CountedBatch implements EventBatch<GatewayEvent> {
  length = 0
  readonly #counts: EventCounts

  constructor(counts: EventCounts) {
    this.#counts = counts
  }

  push(event: GatewayEvent): void {
    this.length++
    this.#counts.add(event)
  }
}

function describeCounts({ requests, types }: CountsSnapshot): readonly MetricFamily[] {
  const byServer = ({ virtualServer }: RequestSeries): Labels => ({ virtual_server: virtualServer })
  const byMethod = ({ virtualServer, method }: RequestSeries): Labels => ({ virtual_server: virtualServer, method })
  const byOutcome = (series: RequestSeries): Labels => ({
    virtual_server: series.virtualServer,
    outcome: series.outcome,
    failure_origin: series.failureOrigin,
    reason: series.reason,
  })
  return [
    {
      name: 'sallyport_requests_total',
      help: 'Answered requests by virtual server, outcome and documented reason.',
      type: 'counter',
      samples: sumBy(requests, byOutcome, ({ count }) => count),
    },
    {
      name: 'sallyport_request_duration_seconds',
      help: 'From the first byte of a request to the last byte of its answer. Seconds.',
      type: 'histogram',
      samples: joinBy(requests, byMethod, ({ total }) => total),
    },
    {
      name: 'sallyport_upstream_duration_seconds',
      help: 'Of that, waiting for the upstream. Seconds.',
      type: 'histogram',
      samples: joinBy(requests, byMethod, ({ upstream }) => upstream),
    },
    {
      name: 'sallyport_request_bytes_total',
      help: 'Bodies of requests. Bytes.',
      type: 'counter',
      samples: sumBy(requests, byServer, ({ bytesIn }) => bytesIn),
    },
    {
      name: 'sallyport_response_bytes_total',
      help: 'Bodies of answers. Bytes.',
      type: 'counter',
      samples: sumBy(requests, byServer, ({ bytesOut }) => bytesOut),
    },
    {
      name: 'sallyport_events_total',
      help: 'Recorded events by type.',
      type: 'counter',
      samples: types.map(([type, value]) => ({ labels: { type }, value })),
    },
  ]
}

function sumBy(
  requests: readonly RequestSeries[],
  labelsOf: (series: RequestSeries) => Labels,
  read: (series: RequestSeries) => number,
) {
  return [...Map.groupBy(requests, (series) => JSON.stringify(labelsOf(series))).values()].map((group) => ({
    labels: labelsOf(group[0] as RequestSeries),
    value: group.reduce((sum, series) => sum + read(series), 0),
  }))
}

function joinBy(
  requests: readonly RequestSeries[],
  labelsOf: (series: RequestSeries) => Labels,
  read: (series: RequestSeries) => LatencyHistogram,
) {
  return [...Map.groupBy(requests, (series) => JSON.stringify(labelsOf(series))).values()].map((group) => {
    const histogram = newHistogram()
    for (const series of group) mergeHistogram(histogram, read(series))
    return { labels: labelsOf(group[0] as RequestSeries), histogram }
  })
}
