import { setTimeout as wait } from 'node:timers/promises'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import { eventData, eventField } from '../../http/split-events.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { parseJson } from './read-answer.ts'
import type { UpstreamExchange } from './upstream.ts'

/** Who takes the messages of a call. */
export interface SourceReader {
  /** One JSON-RPC message. Return false to pause the source. */
  onMessage(message: JsonObject): boolean
  /** Nothing comes any more, though the reader may still wait. Called once. */
  onEnd(error: Error): void
}

const defaultRetryMs = 1_000
const longestRetryMs = 30_000

/**
 * The stream of one call at an upstream of an older revision. The server may close it and have its client come back for the rest (2025-11-25
 * §resumability); our own client need not know.
 */
export class ResumableSource {
  readonly #reopen: (lastEventId: string) => UpstreamExchange
  readonly #reader: SourceReader
  readonly #deadlineMs: number
  #exchange: UpstreamExchange | undefined
  #resume: (() => void) | undefined
  #lastEventId: string | undefined
  #retryMs = defaultRetryMs
  #isClosed = false

  /** `reopen` asks for the rest of the stream; it is asked for at most `totalMs` from now on. */
  constructor(reopen: (lastEventId: string) => UpstreamExchange, totalMs: number, reader: SourceReader) {
    this.#reopen = reopen
    this.#reader = reader
    this.#deadlineMs = performance.now() + totalMs
  }

  /** The answer to the request; follow it if it is a stream. */
  open(exchange: UpstreamExchange): Promise<UpstreamAnswer> {
    this.#exchange = exchange
    if (this.#isClosed) exchange.cancel()
    return exchange.answer
  }

  follow(stream: Extract<UpstreamAnswer, { kind: 'stream' }>): void {
    this.#resume = () => stream.resume()
    stream.read({
      onEvent: (event) => this.#takeEvent(event),
      onEnd: (error) => void this.#ended(error),
    })
  }

  /** Goes on after `onMessage` returned false. */
  resume(): void {
    this.#resume?.()
  }

  /** The answer has come: the stream ends by itself, and its connection serves the next call. */
  settle(): void {
    this.#isClosed = true
  }

  /** Nobody wants the rest. */
  close(): void {
    this.#isClosed = true
    this.#exchange?.cancel()
  }

  #takeEvent(event: Buffer): boolean {
    if (this.#isClosed) return true
    this.#lastEventId = eventField(event, 'id') ?? this.#lastEventId
    const retryMs = Number(eventField(event, 'retry'))
    if (retryMs > 0) this.#retryMs = Math.min(retryMs, longestRetryMs)
    const data = eventData(event)
    if (data === undefined) return true
    const sent = parseJson(data)
    if (sent === undefined) {
      this.#fail(new GatewayError('upstream_protocol_error', { detail: 'an event of the answer is not JSON' }))
      return true
    }
    let isTaken = true
    // 2025-03-26 has batches.
    for (const message of Array.isArray(sent) ? sent : [sent]) {
      if (isJsonObject(message)) isTaken = this.#reader.onMessage(message) && isTaken
    }
    return isTaken
  }

  async #ended(error: Error | undefined): Promise<void> {
    this.#resume = undefined
    if (this.#isClosed) return
    const cause = error ?? new GatewayError('upstream_disconnected', { detail: 'the stream ended without an answer' })
    if (this.#lastEventId === undefined || performance.now() + this.#retryMs > this.#deadlineMs) {
      this.#fail(cause)
      return
    }
    await wait(this.#retryMs)
    if (this.#isClosed) return
    try {
      const answer = await this.open(this.#reopen(this.#lastEventId))
      if (answer.kind === 'stream' && answer.status === 200) this.follow(answer)
      else this.#fail(cause)
    } catch {
      this.#fail(cause)
    }
  }

  #fail(error: Error): void {
    if (this.#isClosed) return
    this.close()
    this.#reader.onEnd(error)
  }
}
