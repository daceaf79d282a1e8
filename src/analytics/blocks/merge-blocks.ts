import type { SqlPool, SqlSession } from '../../contracts/sql-pool.ts'
import { readProgress } from './block-tables.ts'
import { Block, type BlockPlace } from './block.ts'
import { BlockBuilder } from './block-builder.ts'
import { describeBlock, insertBlock, readDetails, readPlace } from './stored-blocks.ts'

/** A block is not merged any more when it has as many events. */
const fullBlock = 128
/** So many blocks of a size become one of the next. */
const fanIn = 8
/** Blocks go when all of their events are old, so none spans more. */
const longestMs = 60 * 60_000
/** Who writes a block again, because nobody told that it was stored, has given up by then: see `insertBlock`. */
const settledMs = 120_000

/** Makes few blocks of many small ones, which a gateway with little to do leaves behind. One with much to do leaves full ones. */
export async function mergeBlocks(pool: SqlPool, nowMs: number): Promise<void> {
  for (;;) {
    const run = findMergeableBlocks(await pool.read((session) => listSmall(session, nowMs - settledMs)))
    if (run === undefined || !(await pool.write((session) => mergeRun(session, run)))) return
  }
}

/** Rolled up, so that no roll-up begins within one. */
async function listSmall(session: SqlSession, beforeMs: number): Promise<readonly BlockPlace[]> {
  const rows = await session.all(
    `select first_row, last_row, events, first_ms, last_ms from event_blocks
     where events < ? and last_ms < ? and last_row <= ? order by first_row`,
    [fullBlock, beforeMs, await readProgress(session)],
  )
  return rows.map(readPlace)
}

/** The blocks to be made one: of one size, nothing but them in their stretch of rows, and together within an hour. */
export function findMergeableBlocks(small: readonly BlockPlace[]): readonly BlockPlace[] | undefined {
  let run: BlockPlace[] = []
  for (const block of small) {
    if (!continues(run, block)) run = []
    run.push(block)
    if (run.length === fanIn) return run
  }
  return undefined
}

function continues(run: readonly BlockPlace[], block: BlockPlace): boolean {
  const [first, last] = [run[0], run.at(-1)]
  if (!first || !last) return true
  const spanMs = Math.max(block.lastMs, ...run.map(({ lastMs }) => lastMs)) - Math.min(block.firstMs, ...run.map(({ firstMs }) => firstMs))
  return sizeOf(last) === sizeOf(block) && last.lastRow + 1 === block.firstRow && spanMs <= longestMs
}

const sizeOf = ({ events }: BlockPlace) => Math.floor(Math.log2(events) / Math.log2(fanIn))

/** False: somebody else has merged them, or they are gone. */
async function mergeRun(session: SqlSession, run: readonly BlockPlace[]): Promise<boolean> {
  const builder = new BlockBuilder()
  for (const place of run) {
    const [row] = await session.all('select facts from event_blocks where first_row = ? and last_row = ?', [
      place.firstRow,
      place.lastRow,
    ])
    if (row === undefined) return false
    const block = new Block(place, row.facts as Uint8Array)
    for (const event of block.readEvents(await readDetails(session, place))) builder.push(event)
  }
  for (const { firstRow } of run) await session.run('delete from event_blocks where first_row = ?', [firstRow])
  await session.run(insertBlock, describeBlock(run[0]?.firstRow ?? 0, builder.finish()))
  return true
}
