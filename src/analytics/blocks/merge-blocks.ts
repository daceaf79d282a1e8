import type { SqlPool, SqlSession } from '../../contracts/sql-pool.ts'
import { Block, type BlockPlace } from './block.ts'
import { BlockBuilder } from './block-builder.ts'
import { fullBlock, isSmall, readProgress } from './block-tables.ts'
import { describeBlock, insertBlock, readPlace } from './stored-blocks.ts'

/** So many blocks become one. */
const fanIn = 8
/** Blocks go when all of their events are old, so none spans more. */
const longestMs = 60 * 60_000
/** Who writes a block again, because nobody told that it was stored, has given up long before, whatever its clock says: see `insertBlockOnce`. */
const settledMs = 10 * 60_000
/** What could not be merged for so long has no neighbours that it could be merged with. */
const newestMs = 3 * longestMs

/** Makes few blocks of many small ones, which a gateway with little to do leaves behind. One with much to do leaves full ones. */
export async function mergeBlocks(pool: SqlPool, nowMs: number): Promise<void> {
  for (;;) {
    const runs = findMergeableBlocks(await pool.read((session) => listSmall(session, nowMs)))
    if (runs.length === 0) return
    for (const run of runs) if (!(await mergeRun(pool, run))) return
  }
}

/** Rolled up, so that no roll-up begins within one. */
async function listSmall(session: SqlSession, nowMs: number): Promise<readonly BlockPlace[]> {
  const rows = await session.all(
    `select first_row, last_row, events, first_ms, last_ms from event_blocks
     where last_ms >= ? and ${isSmall} and stored_ms < ? and last_row <= ?`,
    [nowMs - newestMs, nowMs - settledMs, await readProgress(session)],
  )
  // Not by SQLite: it would read all blocks in that order, and not use the index.
  return rows.map(readPlace).toSorted((left, right) => left.firstRow - right.firstRow)
}

/**
 * Blocks to be made one: nothing but them in their stretch of rows, together within an hour, and small ones before larger ones, so that few
 * events are merged often.
 */
export function findMergeableBlocks(small: readonly BlockPlace[]): readonly (readonly BlockPlace[])[] {
  for (let most = fanIn; most / fanIn < fullBlock; most *= fanIn) {
    const runs = findRuns(small, most)
    if (runs.length > 0) return runs
  }
  return []
}

/** Of blocks that have fewer events than `most`. */
function findRuns(small: readonly BlockPlace[], most: number): readonly (readonly BlockPlace[])[] {
  const runs: BlockPlace[][] = []
  let run: BlockPlace[] = []
  for (const block of small) {
    if (block.events >= most) run = []
    else run = continues(run, block) ? [...run, block] : [block]
    if (run.length < fanIn) continue
    runs.push(run)
    run = []
  }
  return runs
}

function continues(run: readonly BlockPlace[], block: BlockPlace): boolean {
  const all = [...run, block]
  const spanMs = Math.max(...all.map(({ lastMs }) => lastMs)) - Math.min(...all.map(({ firstMs }) => firstMs))
  return run.at(-1)?.lastRow === block.firstRow - 1 && spanMs <= longestMs
}

/** False: somebody else has merged them, or they are gone. */
async function mergeRun(pool: SqlPool, run: readonly BlockPlace[]): Promise<boolean> {
  try {
    await pool.write(async (session) => {
      const builder = new BlockBuilder()
      let storedMs = 0
      for (const place of run) {
        const taken = await takeBlock(session, place)
        for (const event of taken.events) builder.push(event)
        storedMs = Math.max(storedMs, taken.storedMs)
      }
      await session.run(insertBlock, describeBlock(run[0]?.firstRow ?? 0, builder.finish(), storedMs))
    })
    return true
  } catch (error) {
    if (error instanceof Outrun) return false
    throw error
  }
}

async function takeBlock(session: SqlSession, place: BlockPlace) {
  const sql = 'delete from event_blocks where first_row = ? and last_row = ? returning facts, details, stored_ms'
  const [row] = await session.all(sql, [place.firstRow, place.lastRow])
  if (row === undefined) throw new Outrun()
  const events = new Block(place, row.facts as Uint8Array).readEvents(row.details as Uint8Array)
  return { events, storedMs: Number(row.stored_ms) }
}

/** A block is not there any more. */
class Outrun extends Error {}
