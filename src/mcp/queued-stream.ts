import type { EventStreamReader, StreamedAnswer } from '../contracts/handler.ts'

/**
 * A stream whose events the gateway makes itself or takes from one upstream stream after the other. What its reader does not take waits
 * here, and `push` says so, for the source to pause.
 */
export class QueuedStream implements StreamedAnswer {
  readonly kind = 'stream'
  readonly status = 200
  readonly headers = {}
  readonly responseHeaders = {}
  readonly upstreamMs: number
  /** Called when the reader takes events again. */
  onResume: (() => void) | undefined
  readonly #onRead: () => void
  readonly #onCancel: () => void
  #reader: EventStreamReader | undefined
  #waiting: Buffer[] = []
  #isPaused = true
  #end: { readonly error: Error | undefined } | undefined

  /** `onRead` runs when somebody begins to read, `onCancel` when nobody wants the rest. */
  constructor(upstreamMs: number, onRead: () => void, onCancel: () => void) {
    this.upstreamMs = upstreamMs
    this.#onRead = onRead
    this.#onCancel = onCancel
  }

  read(reader: EventStreamReader): void {
    this.#reader = reader
    this.#isPaused = false
    this.#onRead()
  }

  resume(): void {
    this.#isPaused = false
    this.#deliver()
    if (!this.#isPaused) this.onResume?.()
  }

  cancel(): void {
    if (this.#end === undefined) this.#onCancel()
  }

  /** Takes one whole event; false when it has to wait. */
  push(event: Buffer): boolean {
    if (this.#end !== undefined) return true
    this.#waiting.push(event)
    this.#deliver()
    return !this.#isPaused
  }

  /** Nothing comes after this. */
  end(error?: Error): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    this.#deliver()
  }

  #deliver(): void {
    const reader = this.#reader
    if (reader === undefined) return
    while (!this.#isPaused && this.#waiting.length > 0) {
      const event = this.#waiting.shift()
      if (event !== undefined && !reader.onEvent(event)) this.#isPaused = true
    }
    if (this.#end === undefined || this.#isPaused || this.#waiting.length > 0) return
    this.#reader = undefined
    reader.onEnd(this.#end.error)
  }
}
