import { setTimeout as pause } from 'node:timers/promises'
import type { SqlPool } from '../contracts/sql-pool.ts'

/** Takes the database for a few milliseconds; more at once keeps events waiting. */
const batch = 2000
const pauseMs = 20

/** Deletes events that happened before `beforeMs` and are rolled up, all of them, in steps. Returns how many. */
export async function deleteOldEvents(pool: SqlPool, beforeMs: number): Promise<number> {
  const oldest = `select row_id from events
    where time < ? and row_id <= (select row_id from event_progress where name = 'minute') order by time limit ?`
  let total = 0
  for (;;) {
    const removed = await pool.write((session) =>
      session.run(`delete from events where row_id in (${oldest})`, [beforeMs, batch]),
    )
    total += removed
    if (removed < batch) return total
    await pause(pauseMs)
  }
}
