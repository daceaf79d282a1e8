import type { EventStreamReader, StreamedAnswer } from '../contracts/handler.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { eventData, formatEvent } from '../http/split-events.ts'
import type { CacheKey } from '../mcp/catalog-cache.ts'
import { QueuedStream } from '../mcp/queued-stream.ts'
import { type AnswerOutcome, failed } from './answer-outcome.ts'
import type { PipelineHost, Route } from './route.ts'
import { parseResponse, shapeResult } from './shape-result.ts'

/** What the events of a stream belong to. */
export interface StreamContext {
  readonly message: McpMessage
  readonly exchange: HttpExchange
  readonly route: Route
  readonly host: PipelineHost
  readonly key: CacheKey | undefined
  /** Called once, with how it ended. */
  readonly finish: (outcome: AnswerOutcome) => void
}

/** The same stream with its response after the result phase, for a reader within the gateway. Each event is one JSON-RPC message. */
export function shapeStream(source: StreamedAnswer, context: StreamContext): StreamedAnswer {
  const reader = new ShapingReader(source, context)
  return reader.shaped
}

class ShapingReader implements EventStreamReader {
  readonly shaped: QueuedStream
  readonly #source: StreamedAnswer
  readonly #context: StreamContext
  #outcome: AnswerOutcome | undefined
  /** A response is with the policies; what comes after it waits. */
  #shaping = false
  #ended = false
  #sourceEnd: { readonly error: Error | undefined } | undefined

  constructor(source: StreamedAnswer, context: StreamContext) {
    this.#source = source
    this.#context = context
    this.shaped = new QueuedStream(
      source.upstreamMs,
      () => source.read(this),
      () => this.#cancel(),
    )
    this.shaped.onResume = () => {
      if (!this.#shaping) source.resume()
    }
  }

  /** Never throws: what is not JSON-RPC ends the stream. */
  onEvent(event: Buffer): boolean {
    const data = eventData(event)
    if (data === undefined || this.#ended) return true
    try {
      const { exchange, route } = this.#context
      exchange.bytesOut += data.length
      if (data.includes('list_changed')) route.cache.clear()
      const message = parseResponse(data)
      if (!Object.hasOwn(message, 'result') && !Object.hasOwn(message, 'error')) return this.shaped.push(event)
      this.#shaping = true
      void this.#shape(data)
      return false
    } catch (error) {
      this.#fail(error)
      return true
    }
  }

  onEnd(error: Error | undefined): void {
    this.#sourceEnd = { error }
    if (!this.#shaping) this.#end(error)
  }

  async #shape(data: Buffer): Promise<void> {
    const { message, exchange, route, host, key } = this.#context
    try {
      const { body, outcome } = await shapeResult(data, message, exchange, route, host, key)
      this.#shaping = false
      this.#outcome = { ...outcome, status: 200 }
      const isTaken = this.shaped.push(formatEvent(body))
      if (this.#sourceEnd) this.#end(this.#sourceEnd.error)
      else if (isTaken) this.#source.resume()
    } catch (error) {
      this.#shaping = false
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#outcome = undefined
    this.#end(asGatewayError(error))
    this.#source.cancel()
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#context.finish(this.#outcome ?? (error ? failed(asGatewayError(error)) : { status: 200 }))
    this.shaped.end(error)
  }

  #cancel(): void {
    this.#end(new GatewayError('request_cancelled'))
    this.#source.cancel()
  }
}
