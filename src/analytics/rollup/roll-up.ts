import type { SqlPool, SqlSession } from '../../contracts/sql-pool.ts'
import type { Block } from '../blocks/block.ts'
import { readProgress } from '../blocks/block-tables.ts'
import { readFollowing } from '../blocks/stored-blocks.ts'
import { equalFields } from '../event-filter.ts'
import { insertPart, listParts, PartColumns, removePart, type StoredPart } from './event-parts.ts'
import { histogramColumns, minuteMs, PartBuilder, sumColumns } from './part-builder.ts'

/** Events that are rolled up at once. */
const batch = 20_000
/** So many parts of a level become one of the next. */
const fanIn = 8
/** A part is not merged any more when it has as many rows. */
const fullPart = 65_536
/** Level of parts that are not merged any more. */
const fullLevel = 99

const allColumns = ['minute', 'events', ...equalFields, ...sumColumns, ...histogramColumns]

/**
 * Rolls up what was recorded since the last time. What was rolled up and how far it went are one write, compared with how far it was: whoever dies
 * in between, or does the same at the same time, neither loses nor counts twice. Returns how many events it was.
 */
export async function rollUp(pool: SqlPool): Promise<number> {
  let total = 0
  for (;;) {
    const count = await rollUpBatch(pool)
    if (count === undefined) return total
    total += count
  }
}

/** Undefined: there is nothing more, or somebody else is at it. */
async function rollUpBatch(pool: SqlPool): Promise<number | undefined> {
  // Outside of the write: that keeps other writers waiting.
  const { progress, blocks } = await pool.read(async (session) => {
    const from = await readProgress(session)
    return { progress: from, blocks: await readBatch(session, from) }
  })
  const builder = new PartBuilder({ joinsEvents: isDense(blocks) })
  for (const block of blocks) builder.addBlock(block)
  const part = builder.finish()
  const [first, last] = [blocks[0], blocks.at(-1)]
  if (part === undefined || !first || !last) return undefined
  const place = { firstRow: first.place.firstRow, lastRow: last.place.lastRow, level: 0 }
  return pool.write(async (session) => {
    const moved = await session.run("update event_progress set row_id = ? where name = 'minute' and row_id = ?", [
      place.lastRow,
      progress,
    ])
    if (moved !== 1) return undefined
    await insertPart(session, place, part)
    return part.events
  })
}

async function readBatch(session: SqlSession, afterRow: number): Promise<readonly Block[]> {
  const blocks: Block[] = []
  let events = 0
  for await (const block of readFollowing(session, afterRow)) {
    blocks.push(block)
    events += block.place.events
    if (events >= batch) break
  }
  return blocks
}

/** With fewer events in a minute, hardly any two of them agree in all fields. */
const denseMinute = 200

function isDense(blocks: readonly Block[]): boolean {
  const sinceMs = Math.min(...blocks.map(({ place }) => place.firstMs))
  const untilMs = Math.max(...blocks.map(({ place }) => place.lastMs))
  const events = blocks.reduce((sum, { place }) => sum + place.events, 0)
  return events / ((untilMs - sinceMs) / minuteMs + 1) >= denseMinute
}

/** Makes few large parts of many small ones, so that a question reads few. */
export async function mergeParts(pool: SqlPool): Promise<void> {
  for (;;) {
    const parts = await pool.read((session) => listParts(session))
    const run = findMergeable(parts)
    if (run === undefined || !(await mergeRun(pool, run))) return
  }
}

/** The parts to be made one: next to each other, of one level, and together no more than a full one. */
export function findMergeable(parts: readonly StoredPart[]): readonly StoredPart[] | undefined {
  for (let start = 0; start < parts.length; start++) {
    const level = parts[start]?.level ?? fullLevel
    if (level >= fullLevel) continue
    let end = start
    while (parts[end]?.level === level) end++
    if (end - start < fanIn) {
      start = end - 1
      continue
    }
    let rows = 0
    const fits = (part: StoredPart) => (rows += part.rows) <= fullPart
    const run = parts.slice(start, start + fanIn)
    const tooMany = run.findIndex((part) => !fits(part))
    return tooMany === -1 ? run : run.slice(0, Math.max(tooMany, 1))
  }
  return undefined
}

async function mergeRun(pool: SqlPool, run: readonly StoredPart[]): Promise<boolean> {
  const [first, last] = [run[0], run.at(-1)]
  if (!first || !last) return false
  const builder = new PartBuilder({ joinsEvents: false })
  await pool.read(async (session) => {
    const columns = new PartColumns()
    for (const part of run) builder.addPart(await columns.read(session, part, allColumns))
  })
  const merged = builder.finish()
  if (merged === undefined) return false
  const level = run.length < fanIn || merged.rows >= fullPart ? fullLevel : first.level + 1
  return writeMerged(pool, async (session) => {
    for (const part of run) if (!(await removePart(session, part))) throw new Outrun()
    await insertPart(session, { firstRow: first.firstRow, lastRow: last.lastRow, level }, merged)
  })
}

/** Somebody else has merged the same parts. */
class Outrun extends Error {}

async function writeMerged(pool: SqlPool, work: (session: SqlSession) => Promise<void>): Promise<boolean> {
  try {
    await pool.write(work)
    return true
  } catch (error) {
    if (error instanceof Outrun) return false
    throw error
  }
}

/** Removes parts whose last minute was before `beforeMs`. */
export async function removeOldParts(pool: SqlPool, beforeMs: number): Promise<void> {
  const old = await pool.read((session) => listParts(session, 0))
  for (const part of old.filter(({ lastMs }) => lastMs < beforeMs)) {
    await pool.write((session) => removePart(session, part))
  }
}
