import type { Clock } from '../contracts/clock.ts'
import type { EventPage, QuestionProblem, StoredEvent } from '../contracts/event-store.ts'
import type { SqlPool, SqlSession } from '../contracts/sql-pool.ts'
import type { Block } from './blocks/block.ts'
import { selectEvents } from './blocks/select-events.ts'
import { findLastRow, readAround, readDetails, readFollowing, readNewestFirst } from './blocks/stored-blocks.ts'
import type { GatewayEvent } from './event.ts'
import type { EventFilter } from './event-filter.ts'
import { findEventTime } from './event-id.ts'
import type { GatewayEventStore } from './event-store.ts'
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
    after: (cursor, filter, limit) => follow(pool, cursor, filter, limit),
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

/** An event that was found and not yet read. */
interface Found {
  readonly block: Block
  /** Its place in the block. */
  readonly at: number
  readonly timeMs: number
  /** Its row number. */
  readonly row: number
}

type Position = Pick<Found, 'timeMs' | 'row'>

const compareNewestFirst = (left: Position, right: Position) => right.timeMs - left.timeMs || right.row - left.row

/** Several processes write, each its own blocks: those of a stretch of time may be in more than one. */
function readPage(
  pool: SqlPool,
  filter: EventFilter,
  { limit, before }: { readonly limit: number; readonly before?: string | undefined },
): Promise<EventPage<GatewayEvent>> {
  const from = before === undefined ? undefined : readCursor(before)
  const untilMs = Math.min(filter.untilMs ?? Number.MAX_SAFE_INTEGER, from ? from.timeMs + 1 : Number.MAX_SAFE_INTEGER)
  return pool.read(async (session) => {
    let found: Found[] = []
    for await (const block of readNewestFirst(session, { ...filter, untilMs })) {
      const oldest = found[limit]
      if (oldest && oldest.timeMs > block.place.lastMs) break
      for (const each of listFound(filter, block)) if (!from || compareNewestFirst(from, each) < 0) found.push(each)
      if (found.length > limit) found = found.toSorted(compareNewestFirst).slice(0, limit + 1)
    }
    const items = await readFound(session, found.toSorted(compareNewestFirst).slice(0, limit))
    return { items, next: found.length > limit ? items.at(-1)?.cursor : undefined }
  })
}

function listFound(filter: EventFilter, block: Block): readonly Found[] {
  const times = block.numbers('time')
  const rows = [...selectEvents(filter, block)]
  return rows.map((at) => ({ block, at, timeMs: times[at] ?? 0, row: block.place.firstRow + at }))
}

async function readFound(session: SqlSession, found: readonly Found[]): Promise<readonly StoredEvent<GatewayEvent>[]> {
  const read = new Map<Block, readonly GatewayEvent[]>()
  for (const { block } of found) {
    if (!read.has(block)) read.set(block, block.readEvents(await readDetails(session, block.place)))
  }
  return found.flatMap(({ block, at, timeMs, row }) => {
    const event = read.get(block)?.[at]
    return event ? [{ cursor: writeCursor(timeMs, row), event }] : []
  })
}

function countRows(pool: SqlPool, filter: EventFilter): Promise<number> {
  return pool.read(async (session) => {
    let count = 0
    for await (const block of readNewestFirst(session, filter)) count += selectEvents(filter, block).length
    return count
  })
}

/** The time in an id leads to its event. */
function readRow(pool: SqlPool, id: string): Promise<GatewayEvent | undefined> {
  return pool.read(async (session) => {
    for (const block of await readAround(session, findEventTime(id))) {
      const events = block.readEvents(await readDetails(session, block.place))
      const event = events.find((each) => each.id === id)
      if (event) return event
    }
    return undefined
  })
}

function follow(pool: SqlPool, cursor: string | undefined, filter: EventFilter, limit: number) {
  return pool.read(async (session) => {
    const lastRow = await findLastRow(session)
    const from = (cursor === undefined ? undefined : readCursor(cursor)?.row) ?? lastRow
    const found: Found[] = []
    if (from < lastRow) {
      for await (const block of readFollowing(session, from)) {
        found.push(...listFound(filter, block).filter(({ row }) => row > from))
        if (found.length >= limit) break
      }
    }
    const items = await readFound(session, found.slice(0, limit))
    const isCut = items.length === limit
    return { items, next: (isCut ? items.at(-1)?.cursor : undefined) ?? writeCursor(0, Math.max(from, lastRow)) }
  })
}

const writeCursor = (timeMs: number, row: number) => `${timeMs}.${row}`

function readCursor(cursor: string): Position | undefined {
  const [, timeMs, row] = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor) ?? []
  return timeMs === undefined ? undefined : { timeMs: Number(timeMs), row: Number(row) }
}
