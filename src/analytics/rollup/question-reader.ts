import type { SqlValue } from '../../contracts/sql-database.ts'
import type { SqlPool, SqlSession } from '../../contracts/sql-pool.ts'
import { describeConditions } from '../event-conditions.ts'
import type { Prices } from '../prices.ts'
import type { Group, Grouping, QuestionReader, RangedFilter } from '../questions/question.ts'
import { decodeColumn } from './column.ts'
import { ContextFields } from './context-fields.ts'
import { listParts, PartColumns } from './event-parts.ts'
import { GroupSum, listColumns } from './group-sum.ts'
import { listContexts, PartBuilder, rolledUpColumns } from './part-builder.ts'
import { readProgress } from './roll-up.ts'

/** Events that are read at once where no roll-up has them. */
const batch = 10_000

/** Returns how to read for one question after the other. */
export function createQuestionReader(
  pool: SqlPool,
): (asked: { readonly nowMs: number; readonly prices: Prices }) => QuestionReader {
  const caches = { columns: new PartColumns(), fields: new ContextFields() }
  return (asked) => ({
    ...asked,
    group: (filter, grouping) => pool.read((session) => groupEvents({ session, ...caches }, filter, grouping)),
  })
}

interface Reading {
  readonly session: SqlSession
  readonly columns: PartColumns
  readonly fields: ContextFields
}

/**
 * Roll-ups, and the events that are not yet in one: those of the last seconds. A `minLatencyMs` is nothing that roll-ups can answer: then all
 * events of the range that are slow enough are read, 10 to 25 µs each.
 */
async function groupEvents(reading: Reading, filter: RangedFilter, grouping: Grouping): Promise<readonly Group[]> {
  const { session, columns } = reading
  const sum = new GroupSum(filter, grouping)
  if (filter.minLatencyMs !== undefined) await addSlow(reading, sum, filter)
  else {
    const names = listColumns(filter, grouping)
    for (const part of await listParts(session, filter.sinceMs, filter.untilMs)) {
      sum.add(await columns.read(session, part, names))
    }
    await addRecent(reading, sum, await readProgress(session))
  }
  return sum.groups
}

/** Events after a row. The filter is left to the sum: with conditions in SQL, indexes of all events would be read for the last few. */
async function addRecent(reading: Reading, sum: GroupSum, afterRow: number): Promise<void> {
  const sql = `select ${rolledUpColumns} from event_rows where row_id > ? order by row_id limit ?`
  for (let from = afterRow; ; ) {
    const rows = await addRows(reading, sum, sql, [from, batch])
    if (rows.length < batch) return
    from = Number(rows.at(-1)?.at(-1))
  }
}

async function addSlow(reading: Reading, sum: GroupSum, filter: RangedFilter): Promise<void> {
  const { where, parameters } = describeConditions(filter)
  const sql = `select ${rolledUpColumns} from events
    where ${where} and (time, row_id) > (?, ?) order by time, row_id limit ?`
  for (let [time, rowId] = [filter.sinceMs, 0]; ; ) {
    const rows = await addRows(reading, sum, sql, [...parameters, time, rowId, batch])
    if (rows.length < batch) return
    const last = rows.at(-1)
    time = Number(last?.[0])
    rowId = Number(last?.at(-1))
  }
}

async function addRows({ session, fields }: Reading, sum: GroupSum, sql: string, parameters: readonly SqlValue[]) {
  const rows = await session.lists(sql, parameters)
  const builder = new PartBuilder({ joinsEvents: false, contexts: await fields.read(session, listContexts(rows)) })
  for (const row of rows) builder.add(row)
  const part = builder.finish()
  if (part) sum.add(new Map([...part.columns].map(([name, bytes]) => [name, decodeColumn(bytes)])))
  return rows
}
