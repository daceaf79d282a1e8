import type { SqlDatabase } from '../contracts/sql-database.ts'

/** Deletes at most `limit` events that happened before `beforeMs`, oldest first; returns how many. Call it until it returns less than `limit`. */
export function deleteOldEvents(database: SqlDatabase, beforeMs: number, limit: number): number {
  const oldest = 'select row_id from events where time < ? order by time limit ?'
  return Number(database.prepare(`delete from events where row_id in (${oldest})`).run(beforeMs, limit).changes)
}
