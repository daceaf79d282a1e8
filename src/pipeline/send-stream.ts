import type { EventStreamReader, StreamedAnswer } from '../contracts/handler.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import { jsonRpcError } from '../errors/render-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { eventData, formatEvent } from '../http/split-events.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { endOf } from '../mcp/bridge/modern-to-legacy/subscription.ts'
import type { CacheKey } from '../mcp/catalog-cache.ts'
import type { AnswerOutcome } from './answer-outcome.ts'
import { ClientStream, type ClientStreamSource } from './client-stream.ts'
import type { PipelineHost, Route } from './route.ts'
import { inspectResponse, needsShaping, parseResponse, shapeResult } from './shape-result.ts'

/**
 * Relays an event stream: each event as it came, at once, unless a policy reads this method. A slow client pauses the upstream;
 * a stream that breaks off ends with a JSON-RPC error, so that no client waits for ever.
 */
export function sendStream(
  answer: StreamedAnswer,
  message: McpMessage,
  exchange: HttpExchange,
  route: Route,
  host: PipelineHost,
  key: CacheKey | undefined,
): Promise<AnswerOutcome> {
  if (message.method === 'subscriptions/listen') return sendSubscription(answer, message, exchange, route, host)
  return new Promise((resolve) => answer.read(new EventRelay(answer, message, exchange, route, host, key, resolve)))
}

/** A subscription lasts, as the stream of a session does, and takes one of the same places. */
async function sendSubscription(
  answer: StreamedAnswer,
  message: McpMessage,
  exchange: HttpExchange,
  route: Route,
  host: PipelineHost,
): Promise<AnswerOutcome> {
  const giveBack = route.streamSlots.take(exchange.subject?.id ?? exchange.clientAddress)
  if (giveBack === undefined) {
    answer.cancel()
    throw new GatewayError('limit_streams_exceeded', { headers: { 'retry-after': '60' } })
  }
  let maxAge: NodeJS.Timeout | undefined
  try {
    return await new Promise((resolve) => {
      const relay = new EventRelay(answer, message, exchange, route, host, undefined, resolve)
      // As old as a whole answer may be, or in the way of a reload: the client opens another one, under a token that is checked again.
      exchange.onDrain = () => relay.endSubscription()
      maxAge = setTimeout(() => relay.endSubscription(), host.limits.upstreamTotalSeconds * 900).unref()
      answer.read(relay)
    })
  } finally {
    clearTimeout(maxAge)
    giveBack()
  }
}

class EventRelay implements EventStreamReader, ClientStreamSource {
  readonly #answer: StreamedAnswer
  readonly #message: McpMessage
  readonly #exchange: HttpExchange
  readonly #route: Route
  readonly #host: PipelineHost
  readonly #key: CacheKey | undefined
  readonly #finish: (outcome: AnswerOutcome) => void
  readonly #client: ClientStream
  readonly #shapes: boolean
  #outcome: AnswerOutcome = { status: 200 }
  #answered = false
  #resumable = false
  #ended = false

  constructor(
    answer: StreamedAnswer,
    message: McpMessage,
    exchange: HttpExchange,
    route: Route,
    host: PipelineHost,
    key: CacheKey | undefined,
    finish: (outcome: AnswerOutcome) => void,
  ) {
    this.#answer = answer
    this.#message = message
    this.#exchange = exchange
    this.#route = route
    this.#host = host
    this.#key = key
    this.#finish = finish
    this.#shapes = needsShaping(message, route, key)
    this.#client = new ClientStream(exchange, host.limits.upstreamIdleSeconds * 1000, this)
  }

  resume(): void {
    this.#answer.resume()
  }

  abandon(): void {
    this.#fail(new GatewayError('request_cancelled', { detail: 'the client stopped reading' }))
  }

  /** Never throws: nobody above could tell the client, and whose event it is does not matter to the process. */
  onEvent(event: Buffer): boolean {
    if (this.#ended) return true
    try {
      return this.#relay(event)
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  /** Ends a subscription as its server should (2026-07-28 §subscriptions). */
  endSubscription(): void {
    if (this.#ended) return
    this.#client.answer(formatEvent(JSON.stringify(endOf({ id: this.#message.id ?? '' }))))
    this.onEnd(undefined)
    this.#answer.cancel()
  }

  onEnd(error: Error | undefined): void {
    if (this.#ended) return
    this.#ended = true
    const failure = error ? asGatewayError(error) : this.#missingAnswer()
    if (failure && !this.#answered) {
      this.#outcome = { status: 200, error: failure, code: failure.code }
      this.#client.answer(formatEvent(jsonRpcError(failure, this.#exchange.requestId, this.#message.id)))
    }
    this.#client.end()
    this.#finish(this.#outcome)
  }

  #relay(event: Buffer): boolean {
    const data = eventData(event)
    if (data === undefined) {
      // Comments and priming events carry no message; an id promises that the stream can be resumed.
      this.#resumable ||= event.includes('id:')
      return this.#client.write(event)
    }
    if (data.includes('list_changed')) this.#route.cache.clear()
    if (this.#shapes) {
      if (!mayAnswer(data)) return this.#client.write(event)
      void this.#shape(event, data)
      return false
    }
    if (!isResponse(data)) return this.#client.write(event)
    this.#outcome = { ...inspectResponse(data, this.#message), status: 200 }
    this.#answered = true
    return this.#client.answer(event)
  }

  async #shape(event: Buffer, data: Buffer): Promise<void> {
    try {
      const shaped = await shapeResult(data, this.#message, this.#exchange, this.#route, this.#host, this.#key)
      if (this.#ended) return
      this.#outcome = { ...shaped.outcome, status: 200 }
      this.#answered = true
      if (this.#client.answer(shaped.body === data ? event : formatEvent(shaped.body))) this.#answer.resume()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.onEnd(asGatewayError(error))
    this.#answer.cancel()
  }

  #missingAnswer(): GatewayError | undefined {
    // A legacy server may close a stream on purpose and let the client resume it.
    if (this.#answered || this.#resumable || this.#message.kind !== 'request') return undefined
    if (this.#message.method === 'subscriptions/listen') return undefined
    return new GatewayError('upstream_disconnected', { detail: 'the stream ended without an answer' })
  }
}

/** Answers the request, as opposed to a notification or a request of the server. Most of those pass without being parsed. */
function isResponse(data: Buffer): boolean {
  if (!data.includes('"result"') && !data.includes('"error"')) return false
  return !data.includes('"method"') || hasAnswer(parseResponse(data))
}

/** The same where a policy must see every answer, also one that is spelled in an unusual way (`"re\u0073ult"`). */
export function mayAnswer(data: Buffer): boolean {
  const marked = data.includes('"result"') || data.includes('"error"')
  if (marked && !data.includes('"method"')) return true
  try {
    const message: unknown = JSON.parse(data.toString('utf8'))
    return Array.isArray(message) || (isJsonObject(message) && hasAnswer(message))
  } catch {
    return /^\s*[[{]/.test(data.toString('latin1', 0, 64))
  }
}

function hasAnswer(message: JsonObject): boolean {
  return Object.hasOwn(message, 'result') || Object.hasOwn(message, 'error')
}
