import type { Clock } from '../contracts/clock.ts'
import type { EventSink, SinkState } from '../contracts/event-sink.ts'
import type { Logger } from '../contracts/logger.ts'
import type { EventRecorder, GatewayEvent } from './event.ts'
import { SinkLane } from './sink-lane.ts'

export interface EventBufferOptions {
  readonly sinks: readonly EventSink<GatewayEvent>[]
  readonly log: Logger
  /** Events that may wait, for the next flush and for each sink. Beyond it they are dropped and counted. Default 20,000. */
  readonly maxSize?: number
  /** Longest time an event waits for others, in milliseconds. Default 500. */
  readonly flushMilliseconds?: number
  /** Events that are written at once. Small batches keep the thread free for calls. Default 1,024. */
  readonly batchSize?: number
  /** How long `close` waits for slow sinks, in milliseconds. Default 5,000. */
  readonly closeMilliseconds?: number
  readonly clock?: Clock
}

/** Takes events in memory and hands them to the sinks in batches, off the request path. */
export interface EventBuffer extends EventRecorder {
  /** Resolves when everything recorded so far is written or dropped. Never rejects. */
  flush(): Promise<void>
  /**
   * Hands over at once what was recorded so far, together with what else is recorded in this turn, and resolves when the first sink has it. False:
   * it was lost. Never rejects.
   */
  commit(): Promise<boolean>
  /** Flushes within the deadline and closes the sinks. Events recorded later are dropped. Never rejects. */
  close(): Promise<void>
  /** Events lost so far: once per sink that did not get them. */
  readonly dropped: number
  /** Events that wait to be handed to the sinks. */
  readonly depth: number
  /** How each sink is doing. */
  readonly sinks: readonly SinkState[]
}

/**
 * Events that the sinks take together. Between two calls everything that a sink needs has left the cache of the processor, and costs more to fetch
 * than to do. With many more the events would outlive collections of garbage.
 */
const takenTogether = 32
/** At most one line about what a sink lost per this many milliseconds. */
const dropReportMs = 10_000

/** Creates the buffer between the request path and the sinks. */
export function createEventBuffer(options: EventBufferOptions): EventBuffer {
  return new BoundedEventBuffer(options)
}

class BoundedEventBuffer implements EventBuffer {
  readonly #options: Required<EventBufferOptions>
  readonly #lanes: readonly SinkLane<GatewayEvent>[]
  /** Events that no lane has yet. */
  #recent: GatewayEvent[] = []
  /** Events that were recorded since the last time they were handed over. */
  #pending = 0
  #timer: NodeJS.Timeout | undefined
  #closed: Promise<void> | undefined
  #commit: Promise<boolean> | undefined
  /** Events that no sink was offered, since the last commit. */
  #refused = 0
  #dropped = 0
  readonly #losses = new Map<string, Losses>()

  constructor(options: EventBufferOptions) {
    const defaults = {
      maxSize: 20_000,
      flushMilliseconds: 500,
      batchSize: 1024,
      closeMilliseconds: 5000,
      clock: Date.now,
    }
    this.#options = { ...defaults, ...options }
    const { maxSize, sinks } = this.#options
    this.#lanes = sinks.map(
      (sink) => new SinkLane(sink, maxSize, (name, count, error) => this.#drop(name, count, error)),
    )
  }

  get dropped(): number {
    return this.#dropped
  }

  get depth(): number {
    return this.#pending
  }

  get sinks(): readonly SinkState[] {
    return this.#lanes.map((lane) => lane.state)
  }

  record(event: GatewayEvent): void {
    if (this.#pending >= this.#options.maxSize || this.#closed) {
      this.#refused++
      this.#drop('buffer', this.#lanes.length, undefined)
      return
    }
    if (this.#recent.push(event) === takenTogether) this.#collect()
    this.#pending++
    if (this.#pending === 1) this.#armTimer()
    if (this.#pending % this.#options.batchSize === 0) this.#cut()
  }

  async flush(): Promise<void> {
    this.#handOver()
    await Promise.all(this.#lanes.map((lane) => lane.idle()))
  }

  commit(): Promise<boolean> {
    if (this.#commit) return this.#commit
    // Now, not in the next turn: a full batch, or the timer, may hand over before that, and what is lost then counts as well.
    const before = this.#lanes[0]?.state.dropped
    this.#commit = new Promise((resolve) => {
      setImmediate(() => {
        this.#commit = undefined
        resolve(this.#commitNow(before))
      })
    })
    return this.#commit
  }

  async #commitNow(before: number | undefined): Promise<boolean> {
    const [store] = this.#lanes
    const refused = this.#refused
    this.#refused = 0
    this.#handOver()
    await store?.settle()
    return refused === 0 && store?.state.dropped === before
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    for (const lane of this.#lanes) lane.hurry()
    const closing = this.flush().then(() => Promise.all(this.#lanes.map((lane) => lane.close())))
    let deadline: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      deadline = setTimeout(resolve, this.#options.closeMilliseconds, 'late')
    })
    const outcome = await Promise.race([closing, late])
    clearTimeout(deadline)
    if (outcome === 'late')
      this.#options.log.error({}, 'the event sinks did not finish in time; their last events are lost')
    for (const [sink, losses] of this.#losses) this.#reportLosses(sink, losses, undefined)
  }

  #armTimer(): void {
    this.#timer = setTimeout(() => this.#handOver(), this.#options.flushMilliseconds).unref()
  }

  /** Lane by lane. */
  #collect(): void {
    const recent = this.#recent
    this.#recent = []
    for (const lane of this.#lanes) for (const event of recent) lane.collect(event)
  }

  /** The call that fills a batch is answered first; the batch is written right after it. */
  #cut(): void {
    this.#collect()
    for (const lane of this.#lanes) lane.cut()
    if (this.#pending === this.#options.batchSize) setImmediate(() => this.#handOver())
  }

  #handOver(): void {
    clearTimeout(this.#timer)
    if (this.#pending === 0) return
    this.#pending = 0
    this.#collect()
    for (const lane of this.#lanes) lane.handOver()
  }

  #drop(sink: string, count: number, error: unknown): void {
    this.#dropped += count
    const losses = this.#losses.get(sink) ?? { unreported: 0, total: 0, reportedAtMs: Number.NEGATIVE_INFINITY }
    this.#losses.set(sink, losses)
    losses.unreported += count
    losses.total += count
    const isDue = this.#options.clock() - losses.reportedAtMs >= dropReportMs
    if (isDue || count === 0) this.#reportLosses(sink, losses, error)
  }

  /** Never throws: a broken log must not turn into a failed call. */
  #reportLosses(sink: string, losses: Losses, error: unknown): void {
    if (losses.unreported === 0 && error === undefined) return
    const fields = { sink, dropped: losses.unreported, droppedTotal: losses.total, ...(error ? { error } : {}) }
    losses.unreported = 0
    losses.reportedAtMs = this.#options.clock()
    try {
      this.#options.log.error(fields, 'events were lost')
    } catch {
      // Nowhere left to say it; the count stays in `dropped`.
    }
  }
}

/** What one sink lost. */
interface Losses {
  unreported: number
  total: number
  reportedAtMs: number
}
