import type { SqlDatabase, SqlRow } from '../../contracts/sql-database.ts'
import { BlockBuilder } from '../blocks/block-builder.ts'
import { describeBlock, insertBlock } from '../blocks/stored-blocks.ts'
import { type GatewayEvent, newEvent } from '../event.ts'
import { eventColumns } from '../event-columns.ts'

const rowsPerBlock = 1024
const longestMs = 60 * 60_000

/**
 * Makes blocks of the events of older versions, which had a row for each in `events`, a table or a view. Rows keep their order, and stay before or
 * behind the end of the roll-ups. Some ten seconds for a million events, once.
 */
export function convertRows(database: SqlDatabase): void {
  const found = database.prepare("select type from sqlite_schema where name = 'events'").get()
  if (found === undefined) return
  const isTable = found.type === 'table'
  const insert = database.prepare(insertBlock)
  const next = database.prepare('select * from events where row_id > ? and row_id <= ? order by row_id limit ?')
  const progress = readNumber(database, "select row_id as number from event_progress where name = 'minute'")
  const last = readNumber(database, 'select coalesce(max(row_id), 0) as number from events')
  for (const [after, until] of [[0, progress] as const, [progress, last] as const]) {
    for (let from = after; ; ) {
      const rows = takeHour(next.all(from, until, rowsPerBlock))
      if (rows.length === 0) break
      const builder = new BlockBuilder()
      for (const row of rows) builder.push(readRow(row, isTable))
      insert.run(...describeBlock(Number(rows[0]?.row_id), builder.finish(), Date.now()))
      from = Number(rows.at(-1)?.row_id)
    }
  }
  // Also of those that were deleted, no number is given again.
  const given = `select coalesce(max(seq), 0) as number from sqlite_sequence where name in ('events', 'event_rows')`
  const most = Math.max(last, readNumber(database, given))
  database.prepare("update event_progress set row_id = max(row_id, ?) where name = 'row'").run(most)
  database.exec(
    `drop ${isTable ? 'table' : 'view'} events; drop table if exists event_rows; drop table if exists event_contexts`,
  )
}

function readNumber(database: SqlDatabase, sql: string): number {
  return Number(database.prepare(sql).get()?.number ?? 0)
}

/** No block spans more: see `deleteOldEvents`. */
function takeHour(rows: readonly SqlRow[]): readonly SqlRow[] {
  const firstMs = Number(rows[0]?.time)
  const end = rows.findIndex(({ time }) => Math.abs(Number(time) - firstMs) > longestMs / 2)
  return end === -1 ? rows : rows.slice(0, end)
}

/** Columns that the version did not have are empty. Steps of the table had their times in the text, which nobody can read any more. */
function readRow(row: SqlRow, isOfTable: boolean): GatewayEvent {
  const empty = newEvent('mcp_request_completed', Number(row.time), '')
  const entries = eventColumns.map(({ name, isBoolean }) => {
    const value = isOfTable && name === 'steps' ? null : (row[name] ?? empty[name])
    return [name, isBoolean ? value === 1 : value]
  })
  return Object.fromEntries(entries) as GatewayEvent
}
