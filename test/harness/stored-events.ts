import { Block } from '../../src/analytics/blocks/block.ts'
import { readPlace } from '../../src/analytics/blocks/stored-blocks.ts'
import type { GatewayEvent } from '../../src/analytics/event.ts'
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
  if (!database.prepare("select 1 from sqlite_schema where name = 'event_blocks'").get()) return []
  const { limit, afterRowId = 0, sinceMs = 0, tenant } = range
  const blocks = database.prepare('select * from event_blocks where last_row > ? order by first_row').all(afterRowId)
  const events = blocks.flatMap((row) => {
    const place = readPlace(row)
    const all = new Block(place, row.facts as Uint8Array).readEvents(row.details as Uint8Array)
    return all.map((event, at) => ({ rowId: place.firstRow + at, event }))
  })
  const fitting = events.filter(
    ({ rowId, event }) =>
      rowId > afterRowId && event.time >= sinceMs && (tenant === undefined || event.tenant === tenant),
  )
  return range.afterRowId === undefined ? fitting.slice(-limit) : fitting.slice(0, limit)
}
