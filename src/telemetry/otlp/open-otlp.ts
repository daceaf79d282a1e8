import { hostname } from 'node:os'
import type { GatewayEvent } from '../../analytics/event.ts'
import { Delivery } from '../../analytics/sinks/delivery.ts'
import type { Clock } from '../../contracts/clock.ts'
import type { EventSink, ListSink, SinkState } from '../../contracts/event-sink.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { PostExport } from '../../contracts/post-export.ts'
import type { MessageTracer } from '../../contracts/tracing.ts'
import { randomId } from '../../lib/random-id.ts'
import type { Secret } from '../../lib/secret.ts'
import type { Metrics } from '../metrics.ts'
import { encodeLogs } from './encode-logs.ts'
import { encodeMetrics } from './encode-metrics.ts'
import { encodeTraces } from './encode-traces.ts'
import { type OtlpSource, toAttributes } from './otlp-json.ts'
import { OtlpQueue } from './otlp-queue.ts'
import { createOtlpTracer, type Sampling, type TracedMessage } from './otlp-tracer.ts'

/** `telemetry.otlp`. */
export interface OtlpOptions extends Sampling {
  readonly url: string
  readonly headers: { readonly [name: string]: Secret }
  readonly traces: boolean
  readonly metrics: boolean
  readonly logs: boolean
  readonly serviceName: string
  readonly resource: { readonly [name: string]: string }
  readonly people: boolean
  readonly intervalSeconds: number
}

export interface OtlpHost {
  readonly post: PostExport
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'ownCounts' | 'readFamilies'>
  /** Of the package. */
  readonly version: string
}

/** What is exported over OTLP. */
export interface Otlp {
  readonly tracer: MessageTracer<GatewayEvent> | undefined
  readonly sinks: readonly EventSink<GatewayEvent>[]
  /** Of what no event buffer stands in front of. */
  states(): readonly SinkState[]
  /** Sends what waits, within the deadline. Never rejects. */
  close(deadlineMs: number): Promise<void>
}

const mostWaitingMessages = 10_000
const messagesPerRequest = 256
const recordsPerRequest = 1000
const flushMilliseconds = 1000
const dropReportMs = 10_000

/** Sends traces, metrics and logs to a collector (OTLP 1.x over HTTP, JSON), off the request path. */
export function openOtlp(options: OtlpOptions, host: OtlpHost): Otlp {
  const { post, clock } = host
  const headers = Object.fromEntries(Object.entries(options.headers).map(([name, value]) => [name, value.reveal()]))
  const source = describeSource(options, host.version)
  const deliver = (signal: string, giveUpMs?: number) =>
    new Delivery({ url: `${options.url.replace(/\/$/, '')}/v1/${signal}`, post, clock, giveUpMs })
  const traces = options.traces ? openTraces(options, host, source, headers, deliver('traces')) : undefined
  // What is not told this time is told the next: numbers are sums.
  const metrics = options.metrics ? openMetrics(options, host, source, headers, deliver('metrics', 0)) : undefined
  const logs = options.logs ? createLogsSink(options, source, headers, deliver('logs')) : undefined
  return {
    tracer: traces && createOtlpTracer(options, (traced) => traces.queue.add(traced)),
    sinks: logs ? [logs] : [],
    states: () => [...(traces ? [traces.state()] : []), ...(metrics ? [metrics.state()] : [])],
    async close(deadlineMs) {
      metrics?.stop()
      traces?.hurry()
      const sent = Promise.allSettled([traces?.queue.flush(), metrics?.send()])
      let timer: NodeJS.Timeout | undefined
      await Promise.race([sent, new Promise((resolve) => (timer = setTimeout(resolve, deadlineMs)))])
      clearTimeout(timer)
    },
  }
}

function describeSource({ serviceName, resource }: OtlpOptions, version: string): OtlpSource {
  const attributes = toAttributes({
    'service.name': serviceName,
    'service.version': version,
    'service.instance.id': randomId(),
    'host.name': hostname(),
    'process.pid': process.pid,
    'telemetry.sdk.name': 'sallyport',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': version,
    ...resource,
  })
  return { resource: attributes, version }
}

function openTraces(
  { people }: OtlpOptions,
  { log, clock }: OtlpHost,
  source: OtlpSource,
  headers: { readonly [name: string]: string },
  delivery: Delivery,
) {
  let reportedAtMs = Number.NEGATIVE_INFINITY
  let sent = 0
  const queue = new OtlpQueue<TracedMessage>({
    delivery,
    headers,
    encode: (messages) => {
      sent += messages.length
      return encodeTraces(messages, source, { people })
    },
    maxWaiting: mostWaitingMessages,
    batchSize: messagesPerRequest,
    flushMilliseconds,
    onDrop: (_, error) => {
      if (clock() - reportedAtMs < dropReportMs) return
      reportedAtMs = clock()
      log.error({ sink: 'otlp traces', droppedTotal: queue.state.dropped, error }, 'traces were lost')
    },
  })
  return {
    queue,
    state: (): SinkState => ({ name: 'otlp traces', written: Math.max(0, sent - queue.state.dropped), ...queue.state }),
    hurry: () => delivery.hurry(),
  }
}

function openMetrics(
  { intervalSeconds }: OtlpOptions,
  { metrics, clock, log }: OtlpHost,
  source: OtlpSource,
  headers: { readonly [name: string]: string },
  delivery: Delivery,
) {
  let [written, dropped] = [0, 0]
  const send = async () => {
    try {
      const body = JSON.stringify(encodeMetrics(metrics.ownCounts(), metrics.readFamilies(), source, clock()))
      await delivery.send(() => ({ headers: { 'content-type': 'application/json', ...headers }, body }))
      written++
    } catch (error) {
      // Said once, until the collector takes them again.
      if (dropped++ === 0 || written > 0) log.error({ sink: 'otlp metrics', error }, 'metrics were not taken')
      written = 0
    }
  }
  const timer = setInterval(() => void send(), intervalSeconds * 1000).unref()
  return {
    send,
    stop: () => clearInterval(timer),
    state: (): SinkState => ({ name: 'otlp metrics', waiting: 0, written, dropped, trouble: delivery.trouble }),
  }
}

function createLogsSink(
  { people }: OtlpOptions,
  source: OtlpSource,
  headers: { readonly [name: string]: string },
  delivery: Delivery,
): ListSink<GatewayEvent> {
  return {
    name: 'otlp logs',
    joinsUpTo: recordsPerRequest,
    get trouble() {
      return delivery.trouble
    },
    async write(events) {
      const body = JSON.stringify(encodeLogs(events, source, { people }))
      await delivery.send(() => ({ headers: { 'content-type': 'application/json', ...headers }, body }))
    },
    hurry: () => delivery.hurry(),
    close: () => undefined,
  }
}
