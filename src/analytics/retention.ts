import { setTimeout as pause } from 'node:timers/promises'
import type { SqlPool } from '../contracts/sql-pool.ts'

/** Takes the database for a few milliseconds; more at once keeps events waiting. */
const blocksAtOnce = 16
const pauseMs = 20

/**
 * Deletes events that happened before `beforeMs` and are rolled up, a block at a time: one goes when all of it is old, and none spans more than an
 * hour. Returns how many.
 */
export async function deleteOldEvents(pool: SqlPool, beforeMs: number): Promise<number> {
  const sql = `select first_row, events from event_blocks
    where last_ms < ? and last_row <= (select row_id from event_progress where name = 'minute') order by last_ms limit ?`
  let total = 0
  for (;;) {
    const old = await pool.write(async (session) => {
      const rows = await session.all(sql, [beforeMs, blocksAtOnce])
      for (const { first_row: row = null } of rows) await session.run('delete from event_blocks where first_row = ?', [row])
      return rows
    })
    total += old.reduce((sum, { events }) => sum + Number(events), 0)
    if (old.length < blocksAtOnce) return total
    await pause(pauseMs)
  }
}
