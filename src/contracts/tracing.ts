import type { SpanContext } from '../lib/trace-context.ts'

/** The span of one message while it runs. */
export interface MessageTrace extends SpanContext {
  readonly parentSpanId: string | undefined
  /** What HTTP said of the trace, where the message itself says something else. */
  readonly link: SpanContext | undefined
  /** Names the request to the upstream, which is told of it before it is known how that went. */
  readonly upstreamSpanId: string
}

/** Makes spans of messages. Costs nothing that waits. */
export interface MessageTracer<Event> {
  begin(parent: SpanContext | undefined, link: SpanContext | undefined): MessageTrace
  /** The message was answered. Its spans are exported later, or not at all. */
  end(trace: MessageTrace, ended: EndedMessage<Event>): void
}

/** What spans tell of a message besides its event. It may wait for long, so nothing in it is as large as a client likes. */
export interface EndedMessage<Event> {
  readonly event: Event
  /** JSON-RPC id; undefined for notifications. */
  readonly messageId: string | undefined
  /** By the monotonic clock. */
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly steps: readonly {
    readonly phase: string
    readonly name: string
    readonly decision: string
    readonly startMs: number
    readonly endMs: number
    readonly detail: string | undefined
  }[]
  readonly httpVersion: string
  readonly clientAddress: string
}
