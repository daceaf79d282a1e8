import type { SqlRow, SqlValue } from '../../contracts/sql-database.ts'
import type { SqlSession } from '../../contracts/sql-pool.ts'
import { Block, type BlockPlace } from './block.ts'
import type { EncodedBlock } from './block-builder.ts'

/** A stretch of time. Milliseconds since the epoch; everything where a member is missing. */
export interface TimeRange {
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
}

const place = 'first_row, last_row, events, first_ms, last_ms'
/** What is read at once: little at first, since most who list events want the newest few. */
const [fewest, most] = [2, 64]

export function readPlace(row: SqlRow): BlockPlace {
  return {
    firstRow: Number(row.first_row),
    lastRow: Number(row.last_row),
    events: Number(row.events),
    firstMs: Number(row.first_ms),
    lastMs: Number(row.last_ms),
  }
}

const readBlock = (row: SqlRow) => new Block(readPlace(row), row.facts as Uint8Array)

/** Blocks with events in a range, by their latest event, the latest first. */
export async function* readNewestFirst(
  session: SqlSession,
  { sinceMs = 0, untilMs }: TimeRange,
): AsyncGenerator<Block> {
  const sql = `select ${place}, facts from event_blocks
    where last_ms >= ? and first_ms < ? and (last_ms, first_row) < (?, ?) order by last_ms desc, first_row desc limit ?`
  let [lastMs, firstRow] = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
  for (let count = fewest; ; count = Math.min(count * 2, most)) {
    const rows = await session.all(sql, [sinceMs, untilMs ?? Number.MAX_SAFE_INTEGER, lastMs, firstRow, count])
    for (const row of rows) {
      const block = readBlock(row)
      ;({ lastMs, firstRow } = block.place)
      yield block
    }
    if (rows.length < count) return
  }
}

/** Blocks with rows after one, in their order. */
export async function* readFollowing(session: SqlSession, afterRow: number): AsyncGenerator<Block> {
  // Not by `last_row`, which has no index: the block with the row is the last one that begins no later.
  const start = 'select coalesce(max(first_row), 0) as first_row from event_blocks where first_row <= ?'
  const sql = `select ${place}, facts from event_blocks where first_row >= ? and last_row > ? order by first_row limit ?`
  const [begin] = await session.all(start, [afterRow + 1])
  let from = Number(begin?.first_row)
  for (let count = fewest; ; count = Math.min(count * 2, most)) {
    const rows = await session.all(sql, [from, afterRow, count])
    for (const row of rows) {
      const block = readBlock(row)
      from = block.place.lastRow + 1
      yield block
    }
    if (rows.length < count) return
  }
}

/** Blocks whose events surround a time. */
export async function readAround(session: SqlSession, timeMs: number): Promise<readonly Block[]> {
  const sql = `select ${place}, facts from event_blocks where first_ms <= ? and last_ms >= ?`
  return (await session.all(sql, [timeMs, timeMs])).map(readBlock)
}

/** The other half of a block. */
export async function readDetails(session: SqlSession, { firstRow }: BlockPlace): Promise<Uint8Array> {
  const [row] = await session.all('select details from event_blocks where first_row = ?', [firstRow])
  return row?.details as Uint8Array
}

/** Takes row numbers for so many events, and returns the first. Until the transaction ends nobody else gets any: rows appear in their order. */
export const takeRows = "update event_progress set row_id = row_id + ? where name = 'row' returning row_id"

/** Stores a block. */
export const insertBlock = `insert into event_blocks (${place}, name, facts, details, stored_ms)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?)`

/** One that was stored already is left as it is: a connection may break after a commit, and before anybody is told. */
export const insertBlockOnce = `${insertBlock} on conflict (name) do nothing`

/** Parameters of `insertBlock`. */
export function describeBlock(firstRow: number, block: EncodedBlock, storedMs: number): SqlValue[] {
  const { events, firstMs, lastMs, name, facts, details } = block
  return [firstRow, firstRow + events - 1, events, firstMs, lastMs, name, facts, details, storedMs]
}

/** The last row there is. */
export async function findLastRow(session: SqlSession): Promise<number> {
  const [row] = await session.all("select row_id from event_progress where name = 'row'")
  return Number(row?.row_id ?? 0)
}
