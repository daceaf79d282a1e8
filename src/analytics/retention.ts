import type { Logger } from '../contracts/logger.ts'
import type { SqlDatabase } from '../contracts/sql-database.ts'

/** Deletes at most `limit` events that happened before `beforeMs`, oldest first; returns how many. Call it until it returns less than `limit`. */
export function deleteOldEvents(database: SqlDatabase, beforeMs: number, limit: number): number {
  const oldest = 'select row_id from events where time < ? order by time limit ?'
  return Number(database.prepare(`delete from events where row_id in (${oldest})`).run(beforeMs, limit).changes)
}

const intervalMs = 60_000
/** Takes the thread for a few milliseconds; larger ones delay calls. */
const batch = 2000
const pauseMs = 20

/**
 * Deletes events from before `oldestMs()` every minute, all of them: however many come in, as many must be able to go.
 * Returns how to stop.
 */
export function startRetention(database: SqlDatabase, oldestMs: () => number, log: Logger): () => void {
  let timer: NodeJS.Timeout
  const plan = (delayMs: number): void => {
    timer = setTimeout(sweep, delayMs).unref()
  }
  const sweep = (): void => {
    let removed = 0
    try {
      removed = deleteOldEvents(database, oldestMs(), batch)
    } catch (error) {
      log.error({ err: error }, 'could not remove old events')
    }
    plan(removed < batch ? intervalMs : pauseMs)
  }
  plan(intervalMs)
  return () => clearTimeout(timer)
}
