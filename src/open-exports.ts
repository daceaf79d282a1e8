import type { GatewayEvent } from './analytics/event.ts'
import type { Project } from './config/project.ts'
import type { EventSink, SinkState } from './contracts/event-sink.ts'
import type { Logger } from './contracts/logger.ts'
import type { Peers } from './contracts/peers.ts'
import type { MessageTracer } from './contracts/tracing.ts'
import { isKnownMethod } from './mcp/methods.ts'
import type { CountsSnapshot } from './telemetry/event-counts.ts'
import { createMetrics, type MetricReader, type Metrics } from './telemetry/metrics.ts'
import type { Otlp } from './telemetry/otlp/open-otlp.ts'

/** What leaves a gateway besides answers: metrics, traces, and events for receivers of the operator. */
export interface Exports {
  readonly sinks: readonly EventSink<GatewayEvent>[]
  readonly metrics: Metrics
  readonly tracer: MessageTracer<GatewayEvent> | undefined
  /** Has what `read` says counted as well. */
  addReader(read: MetricReader): void
  /** Of what no event buffer stands in front of. */
  states(): readonly SinkState[]
  /** After the event buffer. Never rejects. */
  close(): Promise<void>
}

const tellCountsMs = 5000
const closeMs = 3000

/** Opens what a project says is exported. Nothing is loaded, and no connection made, for what it does not say. */
export async function openExports(project: Project, peers: Peers, version: string, log: Logger): Promise<Exports> {
  const { exports, telemetry } = project.settings
  const readers: MetricReader[] = []
  const metrics = createMetrics({ isKnownMethod, readers })
  const stopTelling = shareCounts(metrics, peers)
  const sinks: EventSink<GatewayEvent>[] = [metrics.sink]
  const { webhooks, clickhouse } = exports
  if (webhooks.length === 0 && !clickhouse && !telemetry.otlp) {
    const close = () => Promise.resolve(stopTelling())
    return { sinks, metrics, tracer: undefined, addReader: (read) => void readers.push(read), states: () => [], close }
  }
  const { createPostExport } = await import('./http/post-export.ts')
  const door = createPostExport()
  const host = { post: door.post, clock: Date.now }
  if (webhooks.length > 0) {
    const { createWebhookSink } = await import('./analytics/sinks/webhook.ts')
    sinks.push(...webhooks.map((webhook) => createWebhookSink(webhook, host)))
  }
  if (clickhouse) {
    const { createClickhouseSink } = await import('./analytics/sinks/clickhouse.ts')
    sinks.push(createClickhouseSink(clickhouse, host))
  }
  let otlp: Otlp | undefined
  if (telemetry.otlp) {
    const { openOtlp } = await import('./telemetry/otlp/open-otlp.ts')
    otlp = openOtlp(telemetry.otlp, { ...host, log, metrics, version })
    sinks.push(...otlp.sinks)
  }
  return {
    sinks,
    metrics,
    tracer: otlp?.tracer,
    addReader: (read) => void readers.push(read),
    states: () => otlp?.states() ?? [],
    async close() {
      stopTelling()
      await otlp?.close(closeMs)
      await door.close()
    },
  }
}

/** Of several processes every one tells all others what it counted; the leader is the one who is asked. */
function shareCounts(metrics: Metrics, peers: Peers): () => void {
  if (peers.count === 1) return () => undefined
  peers.hear('counts', (message) => {
    const { process, counts } = message as { process: string; counts: CountsSnapshot }
    metrics.takeCounts(process, counts)
  })
  const tell = () => {
    if (!peers.isLeader) peers.tell('counts', { process: peers.self, counts: metrics.ownCounts() })
  }
  const timer = setInterval(tell, tellCountsMs).unref()
  return () => clearInterval(timer)
}
