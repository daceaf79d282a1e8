import { setTimeout as pause } from 'node:timers/promises'
import type { SqlPool } from '../contracts/sql-pool.ts'
import { contextLifeMs } from './context-index.ts'

/** Takes the database for a few milliseconds; more at once keeps events waiting. */
const batch = 2000
const pauseMs = 20

/** Deletes events that happened before `beforeMs` and are rolled up, all of them, in steps. Returns how many. */
export async function deleteOldEvents(pool: SqlPool, beforeMs: number): Promise<number> {
  const oldest = `select row_id from event_rows
    where time < ? and row_id <= (select row_id from event_progress where name = 'minute') order by time limit ?`
  let total = 0
  for (;;) {
    const removed = await pool.write((session) =>
      session.run(`delete from event_rows where row_id in (${oldest})`, [beforeMs, batch]),
    )
    total += removed
    if (removed < batch) break
    await pause(pauseMs)
  }
  await deleteOldContexts(pool, beforeMs)
  return total
}

/**
 * Whoever writes events asks for a context anew after `contextLifeMs`. So all events of one that is older than that by as much again, for clocks that
 * differ, happened before `beforeMs`, and there are none left.
 */
async function deleteOldContexts(pool: SqlPool, beforeMs: number): Promise<void> {
  await pool.write((session) =>
    session.run(
      'delete from event_contexts where created_ms < ? and not exists (select 1 from event_rows where time < ?)',
      [beforeMs - 2 * contextLifeMs, beforeMs],
    ),
  )
}
