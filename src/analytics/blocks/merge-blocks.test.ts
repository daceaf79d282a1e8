import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { createRandom } from '../../../bench/made-events.ts'
import { writeEvents } from '../../../test/harness/write-events.ts'
import type { EventSink } from '../../contracts/event-sink.ts'
import type { SqlPool } from '../../contracts/sql-pool.ts'
import { openDatabase } from '../../storage/sqlite/open-database.ts'
import { openSqlitePool } from '../../storage/sqlite/sqlite-pool.ts'
import { openEventStore } from '../database-event-store.ts'
import { type GatewayEvent, newEvent } from '../event.ts'
import type { GatewayEventStore } from '../event-store.ts'
import { noPrices } from '../prices.ts'
import { rollUp } from '../rollup/roll-up.ts'
import { createSqliteSink } from '../sinks/sqlite.ts'
import type { BlockPlace } from './block.ts'
import { findMergeableBlocks, mergeBlocks } from './merge-blocks.ts'
import { readPlace } from './stored-blocks.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

const joinPlaces = (run: readonly BlockPlace[]): BlockPlace => ({
  firstRow: run[0]?.firstRow ?? 0,
  lastRow: run.at(-1)?.lastRow ?? 0,
  events: run.reduce((sum, { events }) => sum + events, 0),
  firstMs: Math.min(...run.map(({ firstMs }) => firstMs)),
  lastMs: Math.max(...run.map(({ lastMs }) => lastMs)),
})

/** Merges as long as there is something to merge. Of each run what it became. */
function mergeAll(blocks: readonly BlockPlace[], check: (run: readonly BlockPlace[]) => void): BlockPlace[] {
  let stored = [...blocks]
  const small = () => stored.filter(({ events }) => events < 128)
  for (let runs = findMergeableBlocks(small()); runs.length > 0; runs = findMergeableBlocks(small())) {
    for (const run of runs) check(run)
    const taken = runs.flat()
    expect(new Set(taken).size).toBe(taken.length)
    stored = stored.filter((block) => !taken.includes(block))
    stored.push(...runs.map(joinPlaces))
    stored.sort((left, right) => left.firstRow - right.firstRow)
  }
  return stored
}

/** Blocks behind each other, now and then with a gap, at times that mostly grow. */
function placeBlocks(steps: readonly { events: number; gap: number; afterMs: number; spanMs: number }[]): BlockPlace[] {
  let [row, timeMs] = [1, 10 * hourMs]
  return steps.map(({ events, gap, afterMs, spanMs }) => {
    row += gap
    timeMs += afterMs
    const place = { firstRow: row, lastRow: row + events - 1, events, firstMs: timeMs, lastMs: timeMs + spanMs }
    row += events
    return place
  })
}
const size = fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 300 }))

describe('which blocks are merged', () => {
  const blocks = (...sizes: readonly number[]) =>
    placeBlocks(sizes.map((events) => ({ events, gap: 0, afterMs: 1000, spanMs: 10 })))

  test('are eight that are next to each other, small ones first', () => {
    expect(findMergeableBlocks(blocks(1, 2, 3, 4, 5, 6, 7))).toEqual([])
    const nine = blocks(1, 2, 3, 4, 5, 6, 7, 1, 1)
    expect(findMergeableBlocks(nine)).toEqual([nine.slice(0, 8)])
    const around = blocks(1, 1, 1, 1, 9, 1, 1, 1, 1)
    expect(findMergeableBlocks(around)).toEqual([around.slice(0, 8)])
    expect(findMergeableBlocks(blocks(1, 1, 1, 1, 128, 1, 1, 1, 1).filter(({ events }) => events < 128))).toEqual([])
    const mixed = blocks(9, 1, 1, 1, 1, 1, 1, 1, 1)
    expect(findMergeableBlocks(mixed)).toEqual([mixed.slice(1)])
    const many = blocks(...Array<number>(17).fill(1))
    expect(findMergeableBlocks(many)).toEqual([many.slice(0, 8), many.slice(8, 16)])
  })

  test('have nothing between them', () => {
    const all = blocks(1, 1, 1, 1, 1, 1, 1, 1, 1)
    expect(findMergeableBlocks(all.toSpliced(4, 1))).toEqual([])
    expect(findMergeableBlocks(all.toSpliced(0, 1))).toHaveLength(1)
  })

  test('are of one hour, also when a clock went back', () => {
    const at = (...times: readonly number[]) =>
      placeBlocks(times.map(() => ({ events: 1, gap: 0, afterMs: 0, spanMs: 0 }))).map((block, index) => {
        const timeMs = (times[index] ?? 0) * minuteMs
        return { ...block, firstMs: timeMs, lastMs: timeMs }
      })
    expect(findMergeableBlocks(at(0, 1, 2, 3, 4, 5, 6, 60))).toHaveLength(1)
    expect(findMergeableBlocks(at(0, 1, 2, 3, 4, 5, 6, 61))).toEqual([])
    expect(findMergeableBlocks(at(100, 1, 2, 3, 4, 5, 6, 7))).toEqual([])
    expect(findMergeableBlocks(at(100, 1, 2, 3, 4, 5, 6, 7, 8))).toHaveLength(1)
  })

  test('are found until few small ones are left, and no stretch of rows is in two', () => {
    const step = fc.record({
      events: size,
      gap: fc.oneof(
        { weight: 20, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }) },
      ),
      afterMs: fc.integer({ min: -5 * minuteMs, max: 10 * minuteMs }),
      spanMs: fc.nat(minuteMs),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const all = placeBlocks(steps)
        let merges = 0
        const merged = mergeAll(all, (run) => {
          const whole = joinPlaces(run)
          expect(run).toHaveLength(8)
          expect(whole.lastRow - whole.firstRow + 1).toBe(whole.events)
          expect(whole.lastMs - whole.firstMs).toBeLessThanOrEqual(hourMs)
          if (++merges > all.length) throw new Error('it goes on for ever')
        })
        for (const [index, { firstRow }] of merged.entries())
          expect(firstRow).toBeGreaterThan(merged[index - 1]?.lastRow ?? 0)
        expect(joinPlaces(merged).events).toBe(joinPlaces(all).events)
      }),
    )
  })

  /** How many are left of blocks that come one after the other, and are merged as they come. */
  function countLeft(sizes: readonly number[]): number {
    let left: BlockPlace[] = []
    const steps = sizes.map((events) => ({ events, gap: 0, afterMs: 500, spanMs: 100 }))
    for (const block of placeBlocks(steps)) left = mergeAll([...left, block], () => undefined)
    return left.length
  }
  // At most seven next to each other of each of the three sizes that are merged.
  const mostSmall = 3 * 7

  test('leave few of a gateway that has little to do', () => {
    expect(countLeft(Array<number>(2048).fill(1))).toBeLessThanOrEqual(mostSmall + 2048 / 128)
    const random = createRandom(5)
    const few = Array.from({ length: 2000 }, () => 1 + Math.floor(random() * 7))
    const events = few.reduce((sum, each) => sum + each, 0)
    expect(countLeft(few)).toBeLessThanOrEqual(mostSmall + events / 128)
  })

  test('leave few, whatever sizes there are', () => {
    const random = createRandom(5)
    const sizes = Array.from({ length: 2000 }, () => 1 + Math.floor(random() * 20))
    const events = sizes.reduce((sum, each) => sum + each, 0)
    expect(countLeft(sizes)).toBeLessThanOrEqual(2 * (mostSmall + events / 64))
  })
})

describe('merging in a database', () => {
  const nowMs = Date.UTC(2026, 10, 21, 12)
  const startMs = nowMs - 30 * minuteMs
  let storedMs: number
  let path: string
  let pool: SqlPool
  let sink: EventSink<GatewayEvent>
  let store: GatewayEventStore
  beforeEach(() => {
    storedMs = startMs
    const directory = mkdtempSync(join(tmpdir(), 'merge-blocks-'))
    path = join(directory, 'events.db')
    sink = createSqliteSink(openDatabase(path), () => storedMs)
    pool = openSqlitePool(path, {})
    store = openEventStore({ pool, prices: () => noPrices, clock: () => nowMs })
    return async () => {
      await sink.close()
      await pool.close()
      rmSync(directory, { recursive: true })
    }
  })

  const listPlaces = async () => {
    const rows = await pool.read((session) => session.all('select * from event_blocks order by first_row'))
    return rows.map(readPlace)
  }
  const event = (time: number, changes: Partial<GatewayEvent> = {}): GatewayEvent => ({
    ...newEvent('capability_completed', time, `request-${time}`),
    ...changes,
  })
  /** A block for each size. */
  async function write(sizes: readonly number[], fromMs = startMs): Promise<GatewayEvent[]> {
    const written: GatewayEvent[] = []
    for (const [index, count] of sizes.entries()) {
      const batch = Array.from({ length: count }, (_, place) =>
        event(fromMs + index * 1000 + ((place * 7) % 5), {
          subject: `s${(index + place) % 3}`,
          detail: place % 2 ? null : `d${index}`,
          latencyMs: place % 3 === 0 ? null : place / 7,
          cached: place % 4 === 0,
        }),
      )
      await writeEvents(sink, batch)
      written.push(...batch)
    }
    return written
  }
  /** Everything that can be asked for, in pages. */
  async function readAll() {
    const listed: { cursor: string; event: GatewayEvent }[] = []
    let before: string | undefined
    do {
      const page = await store.rows({}, { limit: 7, before })
      listed.push(...page.items)
      before = page.next
    } while (before !== undefined)
    const followed: { cursor: string; event: GatewayEvent }[] = []
    for (let cursor = '0.0'; ; ) {
      const { items, next } = await store.after(cursor, {}, 5)
      if (items.length === 0) break
      followed.push(...items)
      cursor = next
    }
    return { listed, followed, count: await store.count({}), ofOne: await store.count({ subject: 's1' }) }
  }

  test('events, cursors and counts are the same before and after', async () => {
    const written = await write(Array.from({ length: 40 }, (_, index) => 1 + ((index * 3) % 7)))
    await rollUp(pool)
    const before = await readAll()
    expect(before.followed.map(({ event: each }) => each)).toEqual(written)
    const places = await listPlaces()
    await mergeBlocks(pool, nowMs)
    const merged = await listPlaces()
    expect(merged.length).toBeLessThan(places.length / 4)
    expect(merged.reduce((sum, { events }) => sum + events, 0)).toBe(written.length)
    expect(await readAll()).toEqual(before)
    for (const each of written) expect(await store.row(each.id)).toEqual(each)
    // What is rolled up already is not again.
    expect(await rollUp(pool)).toBe(0)
    await mergeBlocks(pool, nowMs)
    expect(await listPlaces()).toEqual(merged)
  })

  test('who reads on from the middle of what was merged misses nothing, and gets nothing twice', async () => {
    const written = await write(Array<number>(16).fill(3))
    await rollUp(pool)
    const cursors = (await readAll()).followed.map(({ cursor }) => cursor)
    await mergeBlocks(pool, nowMs)
    expect(await listPlaces()).toHaveLength(2)
    for (const [index, cursor] of cursors.entries()) {
      const { items } = await store.after(cursor, {}, 100)
      expect(items.map(({ event: each }) => each)).toEqual(written.slice(index + 1))
    }
  })

  test('what is not rolled up is left alone', async () => {
    await write(Array<number>(8).fill(1))
    await mergeBlocks(pool, nowMs)
    expect(await listPlaces()).toHaveLength(8)
    await rollUp(pool)
    await write(Array<number>(8).fill(1), startMs + minuteMs)
    await mergeBlocks(pool, nowMs)
    expect(await listPlaces()).toHaveLength(9)
    expect(await rollUp(pool)).toBe(8)
  })

  test('what was stored within ten minutes is left alone, whenever it happened', async () => {
    storedMs = nowMs - 10 * minuteMs
    await write(Array<number>(8).fill(1))
    await rollUp(pool)
    await mergeBlocks(pool, nowMs)
    expect(await listPlaces()).toHaveLength(8)
    await mergeBlocks(pool, nowMs + 1)
    expect(await listPlaces()).toHaveLength(1)
  })

  test('full blocks are left alone', async () => {
    await write(Array<number>(9).fill(128))
    await rollUp(pool)
    await mergeBlocks(pool, nowMs)
    expect(await listPlaces()).toHaveLength(9)
  })

  test('two that merge at the same time, and one that writes meanwhile, lose nothing', async () => {
    const written = await write(Array<number>(130).fill(2))
    await rollUp(pool)
    const others = [openSqlitePool(path, {}), openSqlitePool(path, {})]
    const later: GatewayEvent[] = []
    await Promise.all([
      ...[pool, ...others].map((each) => mergeBlocks(each, nowMs)),
      (async () => {
        for (let round = 0; round < 20; round++) {
          later.push(...(await write([1], nowMs + round)))
          await new Promise(setImmediate)
        }
      })(),
    ])
    await Promise.all(others.map((each) => each.close()))
    expect((await readAll()).followed.map(({ event: each }) => each)).toEqual([...written, ...later])
    expect((await listPlaces()).filter(({ lastMs }) => lastMs < nowMs).length).toBeLessThan(20)
  })

  test('a merge that breaks off leaves everything as it was', async () => {
    await write(Array<number>(8).fill(2))
    await rollUp(pool)
    const before = await readAll()
    const broken: SqlPool = {
      ...pool,
      write: (work) =>
        pool.write((session) =>
          work({
            ...session,
            run: async (sql, parameters) => {
              if (sql.startsWith('insert')) throw new Error('the disk is full')
              return session.run(sql, parameters)
            },
          }),
        ),
    }
    await expect(mergeBlocks(broken, nowMs)).rejects.toThrow('the disk is full')
    expect(await listPlaces()).toHaveLength(8)
    expect(await readAll()).toEqual(before)
  })
})
