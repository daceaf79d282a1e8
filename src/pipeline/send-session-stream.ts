import type { EventStreamReader, StreamedAnswer } from '../contracts/handler.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { eventData, formatEvent } from '../http/split-events.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { listMethods } from '../mcp/methods.ts'
import type { AnswerOutcome } from './answer-outcome.ts'
import { ClientStream, type ClientStreamSource } from './client-stream.ts'
import type { PipelineHost, Route } from './route.ts'
import { mayAnswer } from './send-stream.ts'
import { parseResponse, shapeResult } from './shape-result.ts'

/**
 * Relays the GET stream of a legacy session, until the client goes, the upstream ends it, the gateway wants to stop, or it is as old as a whole
 * answer may be: the client then opens another one, under a token that is checked again.
 */
export function sendSessionStream(
  answer: StreamedAnswer,
  exchange: HttpExchange,
  route: Route,
  host: PipelineHost,
): Promise<AnswerOutcome> {
  return new Promise((resolve) => {
    const relay = new SessionRelay(answer, exchange, route, host, resolve)
    exchange.onDrain = () => relay.onEnd(undefined)
    answer.read(relay)
  })
}

class SessionRelay implements EventStreamReader, ClientStreamSource {
  readonly #answer: StreamedAnswer
  readonly #exchange: HttpExchange
  readonly #route: Route
  readonly #host: PipelineHost
  readonly #finish: (outcome: AnswerOutcome) => void
  readonly #client: ClientStream
  readonly #maxAge: NodeJS.Timeout
  #ended = false

  constructor(
    answer: StreamedAnswer,
    exchange: HttpExchange,
    route: Route,
    host: PipelineHost,
    finish: (outcome: AnswerOutcome) => void,
  ) {
    this.#answer = answer
    this.#exchange = exchange
    this.#route = route
    this.#host = host
    this.#finish = finish
    this.#client = new ClientStream(exchange, host.limits.upstreamIdleSeconds * 1000, this)
    // Before the upstream is cut off for the same reason, which would look like a failure.
    const maxAgeMs = host.limits.upstreamTotalSeconds * 900
    this.#maxAge = setTimeout(() => this.onEnd(undefined), maxAgeMs).unref()
    exchange.response.once('close', () => this.onEnd(undefined))
  }

  resume(): void {
    this.#answer.resume()
  }

  abandon(): void {
    this.onEnd(new GatewayError('request_cancelled', { detail: 'the client stopped reading' }))
  }

  onEvent(event: Buffer): boolean {
    if (this.#ended) return true
    try {
      return this.#relay(event)
    } catch (error) {
      this.onEnd(asGatewayError(error))
      return true
    }
  }

  /** A stream that breaks off only ends: no request of the client is lost with it. */
  onEnd(error: Error | undefined): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#maxAge)
    this.#client.end()
    this.#answer.cancel()
    this.#finish({ status: 200, ...(error && !this.#exchange.clientGone && { error: asGatewayError(error) }) })
  }

  #relay(event: Buffer): boolean {
    const data = eventData(event)
    if (data === undefined) return this.#client.write(event)
    if (data.includes('list_changed')) this.#route.cache.clear()
    if (!mayAnswer(data)) return this.#client.write(event)
    void this.#shape(event, data)
    return false
  }

  /**
   * A client goes on with a stream that broke, so this may be the answer to any of its calls. What it answers shows in the lists it holds; where
   * a policy reads results that do not show what they are, nobody could judge them, and they stay here.
   */
  async #shape(event: Buffer, data: Buffer): Promise<void> {
    try {
      const shaped = await this.#judge(data)
      if (this.#ended) return
      const isWritten = shaped === undefined || this.#client.write(shaped === data ? event : withId(event, shaped))
      if (isWritten) this.#answer.resume()
    } catch (error) {
      this.onEnd(asGatewayError(error))
    }
  }

  async #judge(data: Buffer): Promise<Buffer | undefined> {
    const response = parseResponse(data)
    const { result, id } = response
    if (!isJsonObject(result) || (typeof id !== 'string' && typeof id !== 'number')) return data
    if ([...this.#route.resultPolicies.keys()].some((method) => !listMethods.has(method))) return undefined
    let body = data
    for (const [method, member] of listMethods) {
      if (!Object.hasOwn(result, member)) continue
      const message = answeredMessage(method, id)
      body = (await shapeResult(body, message, this.#exchange, this.#route, this.#host, undefined)).body
    }
    return body
  }
}

/** The same event with other data: its id is where the client goes on when this stream breaks, too. */
function withId(event: Buffer, data: Buffer): Buffer {
  const id = /^id:.*$/m.exec(event.toString('utf8'))
  return id ? Buffer.concat([Buffer.from(`${id[0]}\n`), formatEvent(data)]) : formatEvent(data)
}

/** The request that a response seems to answer, as far as policies need it. */
function answeredMessage(method: string, id: string | number): McpMessage {
  const body: JsonObject = { jsonrpc: '2.0', id, method }
  return {
    kind: 'request',
    era: 'legacy',
    protocolVersion: undefined,
    method,
    id,
    name: undefined,
    clientInfo: undefined,
    body,
    bytes: Buffer.alloc(0),
    edited: false,
    edit() {},
  }
}
