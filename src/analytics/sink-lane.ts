import type { EventBatch, EventSink, SinkState } from '../contracts/event-sink.ts'

/** Told how many events a sink lost, and why when it failed. */
export type DropReport = (sink: string, count: number, error: unknown) => void

/** Feeds one sink, one batch at a time, with a bound on what waits: other sinks and callers never notice a slow one. */
export class SinkLane<Event> {
  readonly #sink: EventSink<Event>
  readonly #maxWaiting: number
  readonly #onDrop: DropReport
  /** Gets what is recorded. */
  #open: EventBatch<Event>
  /** Complete, and not yet offered. */
  #complete: EventBatch<Event>[] = []
  readonly #batches: EventBatch<Event>[] = []
  #waiting = 0
  #written = 0
  #dropped = 0
  #offered = 0
  #awaited: { readonly offered: number; readonly resolve: () => void }[] = []
  #writing: Promise<void> | undefined

  constructor(sink: EventSink<Event>, maxWaiting: number, onDrop: DropReport) {
    this.#sink = sink
    this.#maxWaiting = sink.maxWaiting ?? maxWaiting
    this.#onDrop = onDrop
    this.#open = this.#newBatch()
  }

  /** Takes an event into the batch that is open. */
  collect(event: Event): void {
    if (this.#sink.wants?.(event) ?? true) this.#open.push(event)
  }

  /** What is collected from now on is in another batch. */
  cut(): void {
    if (this.#open.length === 0) return
    this.#complete.push(this.#open)
    this.#open = this.#newBatch()
  }

  /** Takes everything that was collected for writing; drops a batch when too many events wait already. */
  handOver(): void {
    this.cut()
    const complete = this.#complete
    this.#complete = []
    for (const batch of complete) this.#offer(batch)
  }

  #offer(batch: EventBatch<Event>): void {
    this.#offered += batch.length
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

  /** Resolves when everything offered so far is written or dropped. */
  settle(): Promise<void> {
    const offered = this.#offered
    if (this.#written + this.#dropped >= offered) return Promise.resolve()
    return new Promise((resolve) => this.#awaited.push({ offered, resolve }))
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
    for (let batch = this.#takeBatch(); batch; batch = this.#takeBatch()) {
      this.#waiting -= batch.length
      const written = this.#write(batch)
      if (written) return written.then(() => void (this.#writing = this.#writeNext()))
    }
    return undefined
  }

  #newBatch(): EventBatch<Event> {
    return this.#sink.newBatch?.() ?? ([] as Event[])
  }

  #takeBatch(): EventBatch<Event> | undefined {
    const { joinsUpTo = 0 } = this.#sink
    let count = 1
    let events = this.#batches[0]?.length ?? 0
    for (let next = this.#batches[1]; next && events + next.length <= joinsUpTo; next = this.#batches[count]) {
      events += next.length
      count++
    }
    const batches = this.#batches.splice(0, count)
    return count === 1 ? batches[0] : this.#join(batches)
  }

  #join(batches: readonly EventBatch<Event>[]): EventBatch<Event> {
    return this.#sink.join?.(batches) ?? (batches as readonly Event[][]).flat()
  }

  #write(batch: EventBatch<Event>): Promise<void> | undefined {
    const count = () => {
      this.#written += batch.length
      this.#tellSettled()
    }
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
    this.#tellSettled()
  }

  /** Batches are written in their order, but one that does not fit is dropped at once: the first of those waiting may be told a batch late. */
  #tellSettled(): void {
    if (this.#awaited.length === 0) return
    const settled = this.#written + this.#dropped
    const isSettled = ({ offered }: { readonly offered: number }) => offered <= settled
    const told = this.#awaited.filter(isSettled)
    this.#awaited = this.#awaited.filter((each) => !isSettled(each))
    for (const { resolve } of told) resolve()
  }
}
