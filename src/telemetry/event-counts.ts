import type { GatewayEvent } from '../analytics/event.ts'
import { addTime, type LatencyHistogram, mergeHistogram, newHistogram } from './latency-histogram.ts'

/** Requests that are counted together. Every member has few values, whoever asks. */
export interface RequestSeries {
  readonly virtualServer: string
  /** A method of MCP, `other`, or empty where there was no message. */
  readonly method: string
  readonly outcome: string
  readonly failureOrigin: string
  readonly reason: string
  /** `tool_error`, a JSON-RPC code, or empty. */
  readonly errorType: string
  readonly protocolVersion: string
  count: number
  bytesIn: number
  bytesOut: number
  readonly total: LatencyHistogram
  /** Of requests for which the upstream was asked. */
  readonly upstream: LatencyHistogram
}

/** Everything that was counted since the process started, as one process tells another. */
export interface CountsSnapshot {
  readonly requests: readonly RequestSeries[]
  readonly types: readonly (readonly [type: string, count: number])[]
}

/** Series that are kept; what is beyond is counted without the names that made it too many. */
const mostSeries = 5000

/** Counts events for metrics. */
export class EventCounts {
  readonly #requests = new Map<string, RequestSeries>()
  readonly #types = new Map<string, number>()
  readonly #isKnownMethod: (method: string) => boolean
  /** Most events are counted with the one before. */
  #last: { readonly event: GatewayEvent; readonly series: RequestSeries } | undefined

  constructor(isKnownMethod: (method: string) => boolean) {
    this.#isKnownMethod = isKnownMethod
  }

  add(event: GatewayEvent): void {
    this.#types.set(event.type, (this.#types.get(event.type) ?? 0) + 1)
    if (event.latencyMs !== null) this.#addRequest(event, event.latencyMs)
  }

  /** Counts what another process counted. */
  merge({ requests, types }: CountsSnapshot): void {
    for (const [type, count] of types) this.#types.set(type, (this.#types.get(type) ?? 0) + count)
    for (const series of requests) {
      const own = this.#seriesOf(series)
      own.count += series.count
      own.bytesIn += series.bytesIn
      own.bytesOut += series.bytesOut
      mergeHistogram(own.total, series.total)
      mergeHistogram(own.upstream, series.upstream)
    }
  }

  snapshot(): CountsSnapshot {
    return { requests: [...this.#requests.values()], types: [...this.#types] }
  }

  #addRequest(event: GatewayEvent, latencyMs: number): void {
    if (this.#last === undefined || !isCountedWith(event, this.#last.event)) {
      this.#last = { event, series: this.#seriesOf(this.#labelsOf(event)) }
    }
    const { series } = this.#last
    series.count++
    series.bytesIn += event.bytesIn ?? 0
    series.bytesOut += event.bytesOut ?? 0
    addTime(series.total, latencyMs / 1000)
    if (event.upstreamMs !== null && event.upstreamMs > 0) addTime(series.upstream, event.upstreamMs / 1000)
  }

  #labelsOf(event: GatewayEvent): SeriesLabels {
    const { virtualServer, method, outcome, failureOrigin, reason } = event
    return {
      virtualServer: virtualServer ?? '',
      method: method === null ? '' : this.#isKnownMethod(method) ? method : 'other',
      outcome,
      failureOrigin: failureOrigin ?? '',
      reason: reason ?? '',
      errorType: errorTypeOf(event),
      protocolVersion: protocolVersionOf(event),
    }
  }

  #seriesOf(labels: SeriesLabels): RequestSeries {
    const key = keyOf(labels)
    const known = this.#requests.get(key)
    if (known) return known
    if (this.#requests.size >= mostSeries && labels.virtualServer !== overflow) {
      return this.#seriesOf({ ...noLabels, virtualServer: overflow, outcome: labels.outcome })
    }
    const { virtualServer, method, outcome, failureOrigin, reason, errorType, protocolVersion } = labels
    const added: RequestSeries = {
      virtualServer,
      method,
      outcome,
      failureOrigin,
      reason,
      errorType,
      protocolVersion,
      count: 0,
      bytesIn: 0,
      bytesOut: 0,
      total: newHistogram(),
      upstream: newHistogram(),
    }
    this.#requests.set(key, added)
    return added
  }
}

const labelNames = [
  'virtualServer',
  'method',
  'outcome',
  'failureOrigin',
  'reason',
  'errorType',
  'protocolVersion',
] as const
type SeriesLabels = Pick<RequestSeries, (typeof labelNames)[number]>

/** None of the labels holds a line feed: they are names of the project, of the protocol and of reasons. Once per event, so without JSON. */
function keyOf(labels: SeriesLabels): string {
  let key = ''
  for (const name of labelNames) key += `${labels[name]}\n`
  return key
}

/** Everything that labels are made of is the same. */
function isCountedWith(event: GatewayEvent, other: GatewayEvent): boolean {
  return (
    event.virtualServer === other.virtualServer &&
    event.method === other.method &&
    event.outcome === other.outcome &&
    event.failureOrigin === other.failureOrigin &&
    event.reason === other.reason &&
    event.jsonRpcCode === other.jsonRpcCode &&
    event.clientProtocol === other.clientProtocol
  )
}

const overflow = '_more'
const noLabels: SeriesLabels = {
  virtualServer: '',
  method: '',
  outcome: '',
  failureOrigin: '',
  reason: '',
  errorType: '',
  protocolVersion: '',
}

/** `error.type` of the MCP semantic conventions: these codes say that the client erred, which is no error of a server. */
const clientErrors: ReadonlySet<number> = new Set([-32700, -32600, -32601, -32602, -32002])

/** What `error.type` says of an answered message; empty when it is no error. Codes beyond those that JSON-RPC reserves are one. */
export function errorTypeOf({ outcome, jsonRpcCode, reason }: ErrorFields): string {
  if (jsonRpcCode !== null) {
    if (clientErrors.has(jsonRpcCode)) return ''
    return jsonRpcCode >= -32_768 && jsonRpcCode <= -32_000 ? String(jsonRpcCode) : '_OTHER'
  }
  if (outcome === 'application_error') return 'tool_error'
  return outcome === 'failure' || outcome === 'cancelled' ? (reason ?? '_OTHER') : ''
}

type ErrorFields = Pick<GatewayEvent, 'outcome' | 'jsonRpcCode' | 'reason'>

/** What clients call themselves is theirs: only what looks like a revision is a label. */
function protocolVersionOf({ clientProtocol }: GatewayEvent): string {
  return clientProtocol !== null && /^20\d\d-[01]\d-[0-3]\d$/.test(clientProtocol) ? clientProtocol : ''
}
