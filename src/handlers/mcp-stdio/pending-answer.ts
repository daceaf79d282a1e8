import type { McpAnswer } from '../../contracts/handler.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { formatEvent } from '../../http/split-events.ts'
import type { JsonObject } from '../../lib/json.ts'
import { QueuedStream } from '../../mcp/queued-stream.ts'

/** What one HTTP request is answered with: JSON, or a stream when something comes before the response. */
export class PendingAnswer {
  /** Resolves with the first thing that comes. Never rejects. */
  readonly promise: Promise<McpAnswer | GatewayError>
  /** Nobody reads the rest of the stream. */
  readonly #onUnread: () => void
  readonly #mostBehindBytes: number
  readonly #startedAtMs = performance.now()
  #resolve: (answer: McpAnswer | GatewayError) => void = () => {}
  #stream: QueuedStream | undefined
  #behindBytes = 0
  #isOver = false

  /** `mostBehindBytes`: how much waits for a client that reads slowly, before notifications are left out. */
  constructor(mostBehindBytes: number, onUnread: () => void) {
    this.#mostBehindBytes = mostBehindBytes
    this.#onUnread = onUnread
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Sends a message before the response; false when it was left out because the client is behind, or gone. */
  push(message: JsonObject): boolean {
    if (this.#isOver) return false
    const event = formatEvent(JSON.stringify(message))
    if (this.#behindBytes + event.length > this.#mostBehindBytes) return false
    this.#stream ??= this.#openStream()
    if (!this.#stream.push(event)) this.#behindBytes += event.length
    return true
  }

  /** Sends the response, which is never left out. `status` counts when nothing came before it. */
  finish(status: number, response: JsonObject): void {
    if (this.#isOver) return
    this.#isOver = true
    const body = Buffer.from(JSON.stringify(response))
    if (this.#stream === undefined) {
      this.#resolve({ kind: 'json', status, body, headers: {}, upstreamMs: this.#elapsedMs() })
    } else {
      this.#stream.push(formatEvent(body))
      this.#stream.end()
    }
  }

  fail(error: GatewayError): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#stream === undefined) this.#resolve(error)
    else this.#stream.end(error)
  }

  #openStream(): QueuedStream {
    const stream = new QueuedStream(
      this.#elapsedMs(),
      () => stream.resume(),
      () => {
        this.#isOver = true
        this.#onUnread()
      },
    )
    stream.onResume = () => {
      this.#behindBytes = 0
    }
    this.#resolve(stream)
    return stream
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedAtMs
  }
}
