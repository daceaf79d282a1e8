import type { MaybePromise } from '../lib/maybe-promise.ts'

/** Where batches of events go. A sink that fails or is slow never slows a call: the buffer in front of it is bounded. */
export interface EventSink<Event> {
  readonly name: string
  /** Events in the order they happened. Called by one flush at a time. */
  write(events: readonly Event[]): MaybePromise<void>
  close(): MaybePromise<void>
}
