import type { ZodType } from 'zod'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { Exchange } from './exchange.ts'
import type { Logger } from './logger.ts'
import type { McpMessage } from './mcp.ts'

/** An answer that is complete in memory. */
export interface BufferedAnswer {
  readonly kind: 'json'
  readonly status: number
  /** The JSON-RPC message, or empty for 202. */
  readonly body: Buffer
  readonly headers: { readonly [name: string]: string }
}

/** Receives the events of a stream. */
export interface EventStreamReader {
  /** The `data` of one SSE event, complete, and the bytes of the whole event as received. Return false to pause the source. */
  onEvent(data: Buffer, bytes: Buffer): boolean
  /** The stream ended, or broke with an error. Called once, last. */
  onEnd(error: Error | undefined): void
}

/** An answer that arrives as Server-Sent Events. Nothing is read before `read` is called. */
export interface StreamedAnswer {
  readonly kind: 'stream'
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  read(reader: EventStreamReader): void
  /** Goes on after `onEvent` returned false. */
  resume(): void
  /** Stops reading and closes the upstream request. */
  cancel(): void
}

/** What a handler answers to one MCP message. */
export type McpAnswer = (BufferedAnswer | StreamedAnswer) & {
  /** performance.now() at the first byte of the upstream's answer: splits latency into upstream and gateway. */
  readonly firstByteAtMs?: number
}

/** What handlers may use of the gateway. */
export interface HandlerHost {
  readonly routeName: string
  readonly log: Logger
}

/** A kind of handler: its options, declared once, and how to make one. */
export interface HandlerType<Options = unknown> {
  /** As named in `x-gateway-route.handler.export`. */
  readonly exportName: string
  /** First sentence of its reference page. */
  readonly summary: string
  /** `mcp` handlers make their route a virtual server. */
  readonly kind: 'mcp'
  readonly options: ZodType<Options>
  /** URL of the upstream, for display and for the checks across routes. */
  upstreamUrl(options: Options): string
}

/** One configured handler of one route. */
export interface McpHandler {
  /**
   * Answers one message. Refuses by throwing a `GatewayError`.
   * `signal` fires when the caller no longer wants the answer and the protocol era says that this cancels the call.
   */
  handleMessage(message: McpMessage, exchange: Exchange, signal: AbortSignal): MaybePromise<McpAnswer>
  close?(): Promise<void>
}
