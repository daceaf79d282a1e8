/** How often workers are asked whether they are there, and how many questions in a row one may leave unanswered before it is killed. */
export interface Heartbeat {
  readonly everyMs: number
  readonly mostUnanswered: number
}

/**
 * 30 seconds: whatever a worker does in one go takes less, by far. A body of 4 MiB takes tens of milliseconds, a reload a second or two, SQLite waits
 * at most five seconds for a lock. Questions are counted and no time, so that neither a machine that slept nor a stop of this process counts.
 */
export const defaultHeartbeat: Heartbeat = { everyMs: 2_000, mostUnanswered: 15 }
