import { formatEvent } from '../../http/split-events.ts'
import type { JsonObject } from '../../lib/json.ts'
import { QueuedStream } from '../../mcp/queued-stream.ts'
import type { Listener } from './pending-call.ts'

/** What a listener wants to hear, and how. */
export interface ListeningHost {
  readonly owner: string
  /** More than this does not wait for a client that reads slowly. */
  readonly mostBehindBytes: number
  readonly subscriptions: () => readonly string[]
  /** The message as the client gets it; undefined when it did not ask for it. */
  shape(notification: JsonObject): JsonObject | undefined
  /** Nobody listens any more. */
  onEnd(): void
}

/** A stream of messages that belong to no call. It goes on while processes come and go. */
export class ListeningStream implements Listener {
  readonly owner: string
  readonly stream: QueuedStream
  readonly #host: ListeningHost
  #behindBytes = 0
  #isOver = false

  constructor(host: ListeningHost) {
    this.owner = host.owner
    this.#host = host
    this.stream = new QueuedStream(
      0,
      () => this.stream.resume(),
      () => this.end(),
    )
    this.stream.onResume = () => {
      this.#behindBytes = 0
    }
  }

  get subscriptions(): readonly string[] {
    return this.#host.subscriptions()
  }

  notify(notification: JsonObject): void {
    const shaped = this.#host.shape(notification)
    if (shaped === undefined) return
    const event = formatEvent(JSON.stringify(shaped))
    if (this.#behindBytes + event.length > this.#host.mostBehindBytes) return
    if (!this.stream.push(event)) this.#behindBytes += event.length
  }

  /** `last`: the message that it ends with. */
  end(last?: JsonObject): void {
    if (this.#isOver) return
    this.#isOver = true
    if (last !== undefined) this.stream.push(formatEvent(JSON.stringify(last)))
    this.stream.end()
    this.#host.onEnd()
  }
}
