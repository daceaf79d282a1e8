import type { MaybePromise } from '../lib/maybe-promise.ts'

/** What a sink makes of events until it writes them. A list is one. */
export interface EventBatch<Event> {
  /** Events that were taken. */
  readonly length: number
  push(event: Event): unknown
}

/** Where batches of events go. A sink that fails or is slow never slows a call: the buffer in front of it is bounded. */
export interface EventSink<Event, Batch extends EventBatch<Event> = EventBatch<Event>> {
  readonly name: string
  /** Most events that wait for it. Default: as many as the buffer in front of all sinks takes. */
  readonly maxWaiting?: number | undefined
  /** Waiting batches are written together, up to so many events: for where a write costs much by itself. Default: each by itself. */
  readonly joinsUpTo?: number | undefined
  /** Makes one of several. Only where batches are no lists. */
  join?(batches: readonly Batch[]): Batch
  /** Set while its receiver does not take events. Nothing secret. */
  readonly trouble?: SinkTrouble | undefined
  /** Which events it takes. Called once for each event, soon after it was recorded, on the request path. Default: all. */
  wants?(event: Event): boolean
  /** An empty batch, which gets each event soon after it was recorded, on the request path. Default: a list. */
  newBatch?(): Batch
  /** Events in the order they happened; at least one. Called by one flush at a time. */
  write(batch: Batch): MaybePromise<void>
  /** The gateway stops: what is not taken at the next attempt is lost. */
  hurry?(): void
  close(): MaybePromise<void>
}

/** A sink that wants the events themselves. */
export type ListSink<Event> = EventSink<Event, Event[]>

/** Why a receiver takes nothing, and since when. */
export interface SinkTrouble {
  readonly sinceMs: number
  readonly message: string
}

/** How a sink is doing. Counts are of this process. */
export interface SinkState {
  readonly name: string
  readonly waiting: number
  readonly written: number
  readonly dropped: number
  readonly trouble: SinkTrouble | undefined
}
