import type { Clock } from '../contracts/clock.ts'
import type { EventPage, QuestionProblem, StoredEvent } from '../contracts/event-store.ts'
import type { SqlRow } from '../contracts/sql-database.ts'
import type { SqlPool } from '../contracts/sql-pool.ts'
import type { GatewayEvent } from './event.ts'
import { readEvent } from './event-columns.ts'
import { describeConditions } from './event-conditions.ts'
import type { EventFilter } from './event-filter.ts'
import { findEventTime } from './event-id.ts'
import type { GatewayEventStore } from './event-store.ts'
import { findLastRow } from './event-tables.ts'
import type { Prices } from './prices.ts'
import { findQuestion } from './questions/index.ts'
import { createQuestionReader } from './rollup/question-reader.ts'

export interface DatabaseEventStoreOptions {
  readonly pool: SqlPool
  readonly prices: () => Prices
  readonly clock: Clock
}

/** Reads the tables that `prepareEventTables` made. With SQLite every call holds the thread: the gateway has one for it. */
export function openEventStore({ pool, prices, clock }: DatabaseEventStoreOptions): GatewayEventStore {
  const openReader = createQuestionReader(pool)
  return {
    rows: (filter, page) => readPage(pool, filter, page),
    count: (filter) => countRows(pool, filter),
    row: (id) => readRow(pool, id),
    after: (cursor, filter, limit) => readFollowing(pool, cursor, filter, limit),
    async ask(name, params) {
      const question = findQuestion(name)
      if (question === undefined) return { problem: 'unknown-question', message: `There is no question "${name}".` }
      const parsed = question.params.safeParse(params)
      if (!parsed.success) return describeIssues(parsed.error.issues)
      const reader = openReader({ nowMs: clock(), prices: prices() })
      return { answer: await question.ask(reader, parsed.data) }
    },
    close: () => pool.close(),
  }
}

function describeIssues(issues: readonly { path: PropertyKey[]; message: string }[]): QuestionProblem {
  const message = issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`).join('; ')
  return { problem: 'invalid-params', message }
}

async function readPage(
  pool: SqlPool,
  filter: EventFilter,
  { limit, before }: { readonly limit: number; readonly before?: string | undefined },
): Promise<EventPage<GatewayEvent>> {
  const { where, parameters } = describeConditions(filter)
  const from = before === undefined ? undefined : readCursor(before)
  const older = from ? ' and (time, row_id) < (?, ?)' : ''
  const rows = await pool.read((session) =>
    session.all(`select * from events where ${where}${older} order by time desc, row_id desc limit ?`, [
      ...parameters,
      ...(from ? [from.time, from.rowId] : []),
      limit + 1,
    ]),
  )
  const items = rows.slice(0, limit).map(readStored)
  return { items, next: rows.length > limit ? items.at(-1)?.cursor : undefined }
}

async function countRows(pool: SqlPool, filter: EventFilter): Promise<number> {
  const { where, parameters } = describeConditions(filter)
  const rows = await pool.read((session) =>
    session.all(`select count(*) as count from events where ${where}`, parameters),
  )
  return Number(rows[0]?.count ?? 0)
}

/** The time in an id leads to its row; ids of an older version have none. */
async function readRow(pool: SqlPool, id: string): Promise<GatewayEvent | undefined> {
  return pool.read(async (session) => {
    const time = findEventTime(id)
    const near = await session.all('select * from events where time = ? and id = ? limit 1', [time, id])
    const [row] = near.length > 0 ? near : await session.all('select * from events where id = ? limit 1', [id])
    return row && readEvent(row)
  })
}

async function readFollowing(pool: SqlPool, cursor: string | undefined, filter: EventFilter, limit: number) {
  const lastRow = await findLastRow(pool)
  if (cursor === undefined) return { items: [], next: writeCursor(0, lastRow) }
  const { where, parameters } = describeConditions(filter)
  const from = readCursor(cursor)?.rowId ?? lastRow
  const rows = await pool.read((session) =>
    session.all(`select * from events where row_id > ? and row_id <= ? and ${where} order by row_id limit ?`, [
      from,
      lastRow,
      ...parameters,
      limit,
    ]),
  )
  const items = rows.map(readStored)
  const last = items.at(-1)?.cursor
  return { items, next: last !== undefined && items.length === limit ? last : writeCursor(0, Math.max(from, lastRow)) }
}

function readStored(row: SqlRow): StoredEvent<GatewayEvent> {
  return { cursor: writeCursor(Number(row.time), Number(row.row_id)), event: readEvent(row) }
}

const writeCursor = (time: number, rowId: number) => `${time}.${rowId}`

function readCursor(cursor: string): { readonly time: number; readonly rowId: number } | undefined {
  const [, time, rowId] = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor) ?? []
  return time === undefined ? undefined : { time: Number(time), rowId: Number(rowId) }
}
