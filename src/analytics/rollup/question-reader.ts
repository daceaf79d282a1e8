import type { SqlPool, SqlSession } from '../../contracts/sql-pool.ts'
import type { Block } from '../blocks/block.ts'
import { readProgress } from '../blocks/block-tables.ts'
import { selectEvents } from '../blocks/select-events.ts'
import { readFollowing, readNewestFirst } from '../blocks/stored-blocks.ts'
import { decodeColumn } from '../columns/column.ts'
import type { Prices } from '../prices.ts'
import type { Group, Grouping, QuestionReader, RangedFilter } from '../questions/question.ts'
import { listParts, PartColumns } from './event-parts.ts'
import { GroupSum, listColumns } from './group-sum.ts'
import { PartBuilder } from './part-builder.ts'

/** Events that are added at once where no roll-up has them. */
const batch = 10_000

/** Returns how to read for one question after the other. */
export function createQuestionReader(
  pool: SqlPool,
): (asked: { readonly nowMs: number; readonly prices: Prices }) => QuestionReader {
  const columns = new PartColumns()
  return (asked) => ({
    ...asked,
    group: (filter, grouping) => pool.read((session) => groupEvents({ session, columns }, filter, grouping)),
  })
}

interface Reading {
  readonly session: SqlSession
  readonly columns: PartColumns
}

/**
 * Roll-ups, and the events that are not yet in one: those of the last seconds. A `minLatencyMs` is nothing that roll-ups can answer: then all
 * events of the range are read.
 */
async function groupEvents(
  { session, columns }: Reading,
  filter: RangedFilter,
  grouping: Grouping,
): Promise<readonly Group[]> {
  const sum = new GroupSum(filter, grouping)
  if (filter.minLatencyMs !== undefined) await addEvents(sum, readNewestFirst(session, filter), filter)
  else {
    const names = listColumns(filter, grouping)
    for (const part of await listParts(session, filter.sinceMs, filter.untilMs)) {
      sum.add(await columns.read(session, part, names))
    }
    await addEvents(sum, readFollowing(session, await readProgress(session)), filter)
  }
  return sum.groups
}

async function addEvents(sum: GroupSum, blocks: AsyncIterable<Block>, filter: RangedFilter): Promise<void> {
  let builder = new PartBuilder({ joinsEvents: false })
  let added = 0
  const flush = () => {
    const part = builder.finish()
    if (part) sum.add(new Map([...part.columns].map(([name, bytes]) => [name, decodeColumn(bytes)])))
    builder = new PartBuilder({ joinsEvents: false })
    added = 0
  }
  for await (const block of blocks) {
    const events = selectEvents(filter, block)
    builder.addBlock(block, events)
    added += events.length
    if (added >= batch) flush()
  }
  flush()
}
