import type { EventSink, SinkState } from '../contracts/event-sink.ts'

/** Told how many events a sink lost, and why when it failed. */
export type DropReport = (sink: string, count: number, error: unknown) => void

/** Feeds one sink, one batch at a time, with a bound on what waits: other sinks and callers never notice a slow one. */
export class SinkLane<Event> {
  readonly #sink: EventSink<Event>
  readonly #maxWaiting: number
  readonly #onDrop: DropReport
  readonly #batches: (readonly Event[])[] = []
  #waiting = 0
  #written = 0
  #dropped = 0
  #writing: Promise<void> | undefined

  constructor(sink: EventSink<Event>, maxWaiting: number, onDrop: DropReport) {
    this.#sink = sink
    this.#maxWaiting = sink.maxWaiting ?? maxWaiting
    this.#onDrop = onDrop
  }

  /** Takes a batch for writing, or drops it when too many events wait already. */
  offer(batch: readonly Event[]): void {
    if (this.#waiting + batch.length > this.#maxWaiting) {
      this.#drop(batch.length, undefined)
      return
    }
    this.#batches.push(batch)
    this.#waiting += batch.length
    this.#writing ??= this.#writeNext()
  }

  get state(): SinkState {
    const { name, trouble } = this.#sink
    return { name, waiting: this.#waiting, written: this.#written, dropped: this.#dropped, trouble }
  }

  /** Resolves when nothing waits and nothing is being written. */
  async idle(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  /** From now on its sink gives up quickly. */
  hurry(): void {
    this.#sink.hurry?.()
  }

  /** Closes the sink. Never rejects. */
  async close(): Promise<void> {
    try {
      await this.#sink.close()
    } catch (error) {
      this.#onDrop(this.#sink.name, 0, error)
    }
  }

  /** Writes what waits. Undefined when that needed no waiting, as with a synchronous sink. */
  #writeNext(): Promise<void> | undefined {
    for (let batch = this.#batches.shift(); batch; batch = this.#batches.shift()) {
      this.#waiting -= batch.length
      const written = this.#write(batch)
      if (written) return written.then(() => void (this.#writing = this.#writeNext()))
    }
    return undefined
  }

  #write(batch: readonly Event[]): Promise<void> | undefined {
    const count = () => void (this.#written += batch.length)
    const drop = (error: unknown) => this.#drop(batch.length, error)
    try {
      const written = this.#sink.write(batch)
      if (written) return written.then(count, drop)
      count()
    } catch (error) {
      drop(error)
    }
    return undefined
  }

  #drop(count: number, error: unknown): void {
    this.#dropped += count
    this.#onDrop(this.#sink.name, count, error)
  }
}
