import { setTimeout as pause } from 'node:timers/promises'
import type { SqlPool, SqlSession } from '../contracts/sql-pool.ts'

/** Takes the database for a few milliseconds; more at once keeps events waiting. */
const blocksAtOnce = 16
const pauseMs = 20

/**
 * Deletes events that happened before `beforeMs` and are rolled up, a block at a time: one goes when all of it is old, and none spans more than an
 * hour. Returns how many.
 */
export async function deleteOldEvents(pool: SqlPool, beforeMs: number): Promise<number> {
  for (let total = 0; ; ) {
    const { found, events } = await pool.write((session) => deleteSome(session, beforeMs))
    total += events
    if (found < blocksAtOnce) return total
    await pause(pauseMs)
  }
}

async function deleteSome(session: SqlSession, beforeMs: number) {
  const old = await session.all(
    `select first_row, last_row, events from event_blocks
     where last_ms < ? and last_row <= (select row_id from event_progress where name = 'minute') order by last_ms limit ?`,
    [beforeMs, blocksAtOnce],
  )
  let events = 0
  for (const { first_row: first = null, last_row: last = null, events: count } of old) {
    // With the last row: somebody may have merged it with others meanwhile.
    const gone = await session.run('delete from event_blocks where first_row = ? and last_row = ?', [first, last])
    if (gone > 0) events += Number(count)
  }
  return { found: old.length, events }
}
