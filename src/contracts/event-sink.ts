import type { MaybePromise } from '../lib/maybe-promise.ts'

/** Where batches of events go. A sink that fails or is slow never slows a call: the buffer in front of it is bounded. */
export interface EventSink<Event> {
  readonly name: string
  /** Most events that wait for it. Default: as many as the buffer in front of all sinks takes. */
  readonly maxWaiting?: number | undefined
  /** Waiting batches are written together, up to so many events: for where a write costs much by itself. Default: each by itself. */
  readonly joinsUpTo?: number | undefined
  /** Set while its receiver does not take events. Nothing secret. */
  readonly trouble?: SinkTrouble | undefined
  /** Events in the order they happened. Called by one flush at a time. */
  write(events: readonly Event[]): MaybePromise<void>
  /** The gateway stops: what is not taken at the next attempt is lost. */
  hurry?(): void
  close(): MaybePromise<void>
}

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
