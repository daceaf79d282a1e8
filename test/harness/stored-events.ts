import type { GatewayEvent } from '../../src/analytics/event.ts'
import { readEvent } from '../../src/analytics/event-columns.ts'
import type { SqlDatabase } from '../../src/contracts/sql-database.ts'

/** Which events to read. */
interface EventRange {
  /** At most this many. */
  readonly limit: number
  /** Only events recorded after this row: to follow, pass the last `rowId` seen; 0 for the very first. */
  readonly afterRowId?: number | undefined
  /** Only events that happened at or after this time, in milliseconds since the epoch. */
  readonly sinceMs?: number | undefined
  /** Only events of this tenant. */
  readonly tenant?: string | undefined
}

/** One stored event. Row ids grow in the order of recording. */
interface StoredEvent {
  readonly rowId: number
  readonly event: GatewayEvent
}

/**
 * Reads stored events, oldest first. With `afterRowId` the next ones after it, else the latest ones.
 * Open the file with `openDatabase(join(dataDirectory, 'events.db'), { readOnly: true })` of storage/sqlite; it may be
 * in use by a running gateway. Empty when nothing was ever recorded.
 */
export function readEvents(database: SqlDatabase, range: EventRange): readonly StoredEvent[] {
  if (!database.prepare("select 1 from sqlite_schema where name = 'events'").get()) return []
  const tenant = range.tenant ?? null
  const follows = range.afterRowId !== undefined
  const rows = database
    .prepare(
      `select * from events where row_id > ? and time >= ? and (? is null or tenant = ?)
       order by row_id ${follows ? 'asc' : 'desc'} limit ?`,
    )
    .all(range.afterRowId ?? 0, range.sinceMs ?? 0, tenant, tenant, range.limit)
  const events = rows.map((row) => ({ rowId: Number(row.row_id), event: readEvent(row) }))
  return follows ? events : events.toReversed()
}
