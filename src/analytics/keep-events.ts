import type { Logger } from '../contracts/logger.ts'

/** What is kept for how long. Milliseconds since the epoch. */
export interface KeptSince {
  readonly eventsMs: number
  readonly rollUpsMs: number
}

export interface KeepEventsOptions {
  /** Rolls up what is new and deletes what is old. */
  readonly maintain: (kept: KeptSince) => Promise<void>
  /** Whether there is anything new: where nothing happens nothing is started. */
  readonly hasNews: () => boolean
  readonly keptSince: () => KeptSince
  readonly log: Logger
  /** Default 5,000. */
  readonly everyMs?: number
}

/** Old events go at least this often, also where nothing new happens. */
const sweepMs = 60 * 60_000

/** Keeps roll-ups up to date, and the store from growing. Returns how to stop, which waits for what goes on. */
export function keepEvents({
  maintain,
  hasNews,
  keptSince,
  log,
  everyMs = 5000,
}: KeepEventsOptions): () => Promise<void> {
  let running: Promise<void> | undefined
  let dueMs = Date.now() + sweepMs
  const tick = () => {
    if (running !== undefined || (!hasNews() && Date.now() < dueMs)) return
    dueMs = Date.now() + sweepMs
    running = maintain(keptSince())
      .catch((error: unknown) => log.error({ err: error }, 'events could not be rolled up; they will be the next time'))
      .finally(() => {
        running = undefined
      })
  }
  const timer = setInterval(tick, everyMs).unref()
  return async () => {
    clearInterval(timer)
    await running
  }
}
