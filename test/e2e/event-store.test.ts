import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createRandom, makeEvents } from '../../bench/made-events.ts'
import { prepareEventTables } from '../../src/analytics/blocks/block-tables.ts'
import { mergeBlocks } from '../../src/analytics/blocks/merge-blocks.ts'
import { openEventStore } from '../../src/analytics/database-event-store.ts'
import { type GatewayEvent, newEvent } from '../../src/analytics/event.ts'
import { type EventFilter, equalFields, eventFilter } from '../../src/analytics/event-filter.ts'
import type { GatewayEventStore } from '../../src/analytics/event-store.ts'
import { noPrices, type Prices } from '../../src/analytics/prices.ts'
import { findQuestion, questions } from '../../src/analytics/questions/index.ts'
import { deleteOldEvents } from '../../src/analytics/retention.ts'
import { mergeParts, removeOldParts, rollUp } from '../../src/analytics/rollup/roll-up.ts'
import { createPostgresSink } from '../../src/analytics/sinks/postgres.ts'
import { createSqliteSink } from '../../src/analytics/sinks/sqlite.ts'
import { createThreadEventStore } from '../../src/analytics/thread-event-store.ts'
import type { EventSink } from '../../src/contracts/event-sink.ts'
import type { SqlPool, SqlSession } from '../../src/contracts/sql-pool.ts'
import type { EventsThreadData } from '../../src/events-thread.ts'
import type { Secret } from '../../src/lib/secret.ts'
import { openPostgresPool } from '../../src/storage/postgres/postgres-pool.ts'
import { openDatabase } from '../../src/storage/sqlite/open-database.ts'
import { openSqlitePool } from '../../src/storage/sqlite/sqlite-pool.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../harness/postgres.ts'
import { writeEvents } from '../harness/write-events.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const nowMs = Date.UTC(2026, 10, 21, 12)
/** Everything was stored long ago. */
const storedAt = () => 0

/** One of the two databases, empty. */
interface Database {
  /** Where it is, for the thread. */
  readonly location: EventsThreadData['store']
  openPool(): SqlPool
  openSink(): EventSink<GatewayEvent>
}

const isInstalled = findPostgres() !== undefined
// Nobody reads what a run in CI skipped.
if (!isInstalled && process.env.CI) throw new Error('PostgreSQL is not installed; .ci/run should have done that')
if (!isInstalled)
  console.warn('!! PostgreSQL is not installed: its half of this file is SKIPPED (apt-get install postgresql-15)')

let directory: string
let postgres: PostgresServer | undefined
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'event-store-'))
  if (isInstalled) postgres = await startPostgres(['fsync=off'])
})
afterAll(async () => {
  await postgres?.close()
  rmSync(directory, { recursive: true })
})

let files = 0
function createSqlite(): Database {
  const path = join(directory, `events-${++files}.db`)
  const location = { kind: 'sqlite', path } as const
  return {
    location,
    openPool: () => openSqlitePool(path, {}),
    openSink: () => createSqliteSink(openDatabase(path), storedAt),
  }
}
function openPool(url: Secret): SqlPool {
  return openPostgresPool({
    url,
    connections: 3,
    onError: (error) => {
      throw error
    },
  })
}
async function createPostgres(): Promise<Database> {
  if (!postgres) throw new Error('PostgreSQL does not run')
  const url = await postgres.createDatabase()
  const location = { kind: 'postgres', url: url.reveal() } as const
  return {
    location,
    openPool: () => openPool(url),
    openSink: () => createPostgresSink(openPool(url), { clock: storedAt }),
  }
}

const databases = [
  { name: 'SQLite', create: async () => createSqlite() },
  ...(isInstalled ? [{ name: 'PostgreSQL', create: createPostgres }] : []),
]

describe.each(databases)('events in $name', ({ create }) => {
  let database: Database
  let pool: SqlPool
  let sink: EventSink<GatewayEvent>
  let store: GatewayEventStore
  let prices: Prices
  beforeEach(async () => {
    database = await create()
    sink = database.openSink()
    pool = database.openPool()
    await prepareEventTables(pool)
    prices = noPrices
    store = openEventStore({ pool, prices: () => prices, clock: () => nowMs })
    return async () => {
      await sink.close()
      await store.close()
    }
  })

  const event = (time: number, changes: Partial<GatewayEvent> = {}): GatewayEvent => ({
    ...newEvent('capability_completed', time, `request-${time}`),
    ...changes,
  })
  const ask = async (name: string, params: object = {}) => {
    const result = await store.ask(name, params)
    if ('problem' in result) throw new Error(result.message)
    return findQuestion(name)?.answer.parse(result.answer) as { filter: EventFilter; events: number }
  }

  const many = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) =>
      event(nowMs - dayMs + (from + index) * 1000, { subject: `s${index % 7}` }),
    )
  const total = async () => (await ask('success-rate', { sinceMs: nowMs - 2 * dayMs })).events
  const countBlocks = async () => (await pool.read((session) => session.all('select 1 from event_blocks'))).length

  describe('rows', () => {
    test('an event comes back as it was recorded, whatever texts are in it', async () => {
      const nullableText = fc.option(fc.string({ unit: 'binary' }))
      await fc.assert(
        fc.asyncProperty(
          nullableText,
          fc.string({ unit: 'binary' }),
          fc.double({ min: 0, max: 1e7, noNaN: true }),
          async (detail, name, latencyMs) => {
            const written = event(nowMs, { detail, subject: name, latencyMs, cached: latencyMs > 5 })
            await writeEvents(sink, [written])
            const read = await store.row(written.id)
            // Halves of surrogate pairs are no text.
            const kept = { detail: detail?.toWellFormed() ?? null, subject: name.toWellFormed() }
            expect(read).toEqual({ ...written, ...kept, latencyMs: latencyMs + 0 })
          },
        ),
        { numRuns: 30 },
      )
      expect(await store.row('0'.repeat(32))).toBeUndefined()
    })

    test('pages go from the newest to the oldest, each event on one of them', async () => {
      const times = [5, 1, 9, 2, 2, 2, 7, 3]
      await writeEvents(
        sink,
        times.map((time) => event(time)),
      )
      const seen: number[] = []
      let before: string | undefined
      do {
        const page = await store.rows({}, { limit: 3, before })
        seen.push(...page.items.map((item) => item.event.time))
        before = page.next
      } while (before !== undefined)
      expect(seen).toEqual(times.toSorted((a, b) => b - a))
    })

    test('who follows gets what is recorded later, in that order, and each event once', async () => {
      await writeEvents(sink, [event(1)])
      const start = await store.after(undefined, {}, 10)
      expect(start.items).toEqual([])
      await writeEvents(sink, [event(3), event(2, { outcome: 'failure' }), event(5)])
      const first = await store.after(start.next, {}, 2)
      expect(first.items.map((item) => item.event.time)).toEqual([3, 2])
      const second = await store.after(first.next, {}, 2)
      expect(second.items.map((item) => item.event.time)).toEqual([5])
      expect((await store.after(second.next, {}, 2)).items).toEqual([])
      const failures = await store.after(start.next, { outcome: 'failure' }, 10)
      expect(failures.items.map((item) => item.event.time)).toEqual([2])
      expect((await store.after(failures.next, { outcome: 'failure' }, 10)).items).toEqual([])
    })

    /** All events that fit, in pages of a size, newest first. */
    async function listAll(filter: EventFilter, limit: number): Promise<GatewayEvent[]> {
      const seen: GatewayEvent[] = []
      let before: string | undefined
      do {
        const page = await store.rows(filter, { limit, before })
        expect(page.items.length).toBeLessThanOrEqual(limit)
        seen.push(...page.items.map((item) => item.event))
        before = page.next
      } while (before !== undefined)
      return seen
    }
    const idsOf = (events: readonly GatewayEvent[]) => events.map(({ id }) => id)
    /** Blocks of several writers, whose times overlap, and many of which are equal. In the order in which they are written. */
    async function writeOverlapping(blocks: number): Promise<GatewayEvent[]> {
      const random = createRandom(blocks)
      const sinks = [sink, database.openSink(), database.openSink()]
      const written: GatewayEvent[] = []
      for (let block = 0; block < blocks; block++) {
        const fromMs = nowMs - dayMs + 10 * block + Math.floor(40 * random())
        const events = Array.from({ length: 1 + Math.floor(12 * random()) }, () =>
          event(fromMs + Math.floor(30 * random()), {
            subject: `s${Math.floor(4 * random())}`,
            latencyMs: 10 * random(),
          }),
        )
        await writeEvents(sinks[block % sinks.length] ?? sink, events)
        written.push(...events)
      }
      for (const other of sinks.slice(1)) await other.close()
      return written
    }
    /** Newest first; of those at the same time the one that was written last. */
    const newestFirst = (events: readonly GatewayEvent[]) => events.toReversed().toSorted((a, b) => b.time - a.time)

    test('pages go through blocks of several writers whose times overlap', async () => {
      const written = await writeOverlapping(40)
      const range = { sinceMs: nowMs - dayMs + 100, untilMs: nowMs - dayMs + 300 }
      const inRange = written.filter(({ time }) => time >= range.sinceMs && time < range.untilMs)
      const ofOne = written.filter(({ subject, latencyMs }) => subject === 's2' && (latencyMs ?? 0) >= 5)
      expect(Math.min(inRange.length, ofOne.length)).toBeGreaterThan(20)
      for (const limit of [1, 4, 1000]) {
        expect(idsOf(await listAll({}, limit))).toEqual(idsOf(newestFirst(written)))
        expect(idsOf(await listAll(range, limit))).toEqual(idsOf(newestFirst(inRange)))
        expect(idsOf(await listAll({ subject: 's2', minLatencyMs: 5 }, limit))).toEqual(idsOf(newestFirst(ofOne)))
      }
      expect(await store.count(range)).toBe(inRange.length)
      expect(await store.count({ subject: 's2', minLatencyMs: 5 })).toBe(ofOne.length)
    })

    test('a page ends between events of one time, which may be in several blocks', async () => {
      const written: GatewayEvent[] = []
      for (const count of [3, 1, 4, 2]) {
        const events = Array.from({ length: count }, () => event(nowMs - 5))
        await writeEvents(sink, events)
        written.push(...events)
      }
      for (const limit of [1, 2, 3, 5]) {
        expect(idsOf(await listAll({}, limit))).toEqual(idsOf(written.toReversed()))
      }
    })

    test('of events of one time the one that was written last is first, also when another block ends later', async () => {
      const first = [10, 5, 5].map((ms) => event(nowMs - 100 + ms))
      const second = [event(nowMs - 95)]
      for (const events of [first, second]) await writeEvents(sink, events)
      const expected = [first[0], second[0], first[2], first[1]].map((each) => each?.id)
      for (const limit of [1, 2, 3]) expect(idsOf(await listAll({}, limit))).toEqual(expected)
    })

    test('what is recorded while somebody turns pages changes none of those to come', async () => {
      const written = await writeOverlapping(10)
      const first = await store.rows({}, { limit: 20 })
      await writeEvents(sink, [event(nowMs), event(nowMs - dayMs / 2)])
      const second = await store.rows({}, { limit: 1000, before: first.next })
      const all = [...first.items, ...second.items].map((item) => item.event)
      expect(idsOf(all)).toEqual(idsOf(newestFirst(written)))
    })

    test('what hardly anything fits is found among many blocks', async () => {
      const rare = [3, 90, 170].map((block) => event(nowMs - dayMs + block * 1000 + 1, { subject: 'rare' }))
      for (let block = 0; block < 200; block++) {
        const timeMs = nowMs - dayMs + block * 1000
        const found = rare.filter(({ time }) => time === timeMs + 1)
        await writeEvents(sink, [event(timeMs), ...found, event(timeMs + 2)])
      }
      const page = await store.rows({ subject: 'rare' }, { limit: 2 })
      expect(page.items.map((item) => item.event)).toEqual(rare.toReversed().slice(0, 2))
      const last = await store.rows({ subject: 'rare' }, { limit: 2, before: page.next })
      expect(last.items.map((item) => item.event)).toEqual(rare.slice(0, 1))
      expect(last.next).toBeUndefined()
      expect(await store.count({ subject: 'rare' })).toBe(3)
      const start = await store.after('0.0', { subject: 'rare' }, 2)
      expect(start.items.map((item) => item.event)).toEqual(rare.slice(0, 2))
      const rest = await store.after(start.next, { subject: 'rare' }, 2)
      expect(rest.items.map((item) => item.event)).toEqual(rare.slice(2))
      expect((await store.after(rest.next, { subject: 'rare' }, 2)).items).toEqual([])
      expect(await store.rows({ subject: 'nobody' }, { limit: 2 })).toEqual({ items: [], next: undefined })
    })

    test('who follows goes over the ends of blocks, however little is asked for at once', async () => {
      const written = await writeOverlapping(30)
      const filters: [EventFilter, GatewayEvent[]][] = [
        [{}, written],
        [{ subject: 's1' }, written.filter(({ subject }) => subject === 's1')],
      ]
      for (const [filter, expected] of filters) {
        for (const limit of [1, 3, 50]) {
          const followed: GatewayEvent[] = []
          let cursor = '0.0'
          for (let items = await store.after(cursor, filter, limit); items.items.length > 0; ) {
            expect(items.items.length).toBeLessThanOrEqual(limit)
            followed.push(...items.items.map((item) => item.event))
            cursor = items.next
            items = await store.after(cursor, filter, limit)
          }
          expect(idsOf(followed)).toEqual(idsOf(expected))
        }
      }
    })

    test('who follows while several write misses nothing', async () => {
      const sinks = [sink, database.openSink(), database.openSink()]
      let { next } = await store.after(undefined, {}, 1)
      const followed: GatewayEvent[] = []
      const written: GatewayEvent[] = []
      let isDone = false
      const writeMany = async (target: EventSink<GatewayEvent>) => {
        for (let round = 0; round < 25; round++) {
          const events = [event(nowMs - round), event(nowMs + round)]
          await writeEvents(target, events)
          written.push(...events)
          await setImmediate()
        }
      }
      const follow = async () => {
        for (let wasDone = false; !wasDone; ) {
          wasDone = isDone
          for (let isMore = true; isMore; ) {
            const page = await store.after(next, {}, 7)
            followed.push(...page.items.map((item) => item.event))
            ;({ next } = page)
            isMore = page.items.length > 0
          }
          await setImmediate()
        }
      }
      const writing = Promise.all(sinks.map(writeMany)).finally(() => {
        isDone = true
      })
      await Promise.all([writing, follow()])
      for (const other of sinks.slice(1)) await other.close()
      expect(followed).toHaveLength(150)
      expect(idsOf(followed).toSorted()).toEqual(idsOf(written).toSorted())
    })

    test('each event is found by its id, also one that was recorded long after it happened', async () => {
      const written = await writeOverlapping(20)
      const late = event(nowMs - 2 * dayMs, { detail: 'late' })
      await writeEvents(sink, [event(nowMs), late, event(nowMs + 1)])
      for (const each of [...written, late]) expect(await store.row(each.id)).toEqual(each)
      expect(await store.row(event(nowMs).id)).toBeUndefined()
    })

    test('every member of the filter takes part', async () => {
      const odd: Partial<GatewayEvent> = {
        type: 'mcp_request_completed',
        tenant: 'acme',
        team: 'a',
        virtualServer: 'v',
        upstream: 'u',
        via: 'w',
        subject: 's',
        clientId: 'c',
        clientName: 'n',
        clientVersion: '1',
        clientProtocol: 'p',
        upstreamProtocol: 'q',
        method: 'm',
        capabilityType: 'tool',
        capability: 't',
        outcome: 'failure',
        failureOrigin: 'gateway',
        reason: 'upstream_timeout',
        jsonRpcCode: -32_603,
        credentialMode: 'user-oauth',
      }
      const [plain, marked] = [event(nowMs - 1), event(nowMs - 1, { ...odd, latencyMs: 1000 })]
      await writeEvents(sink, [plain, marked])
      expect(Object.keys(odd).toSorted()).toEqual([...equalFields].toSorted())
      const filters: EventFilter[] = [
        ...equalFields.map((field) => ({ [field]: odd[field] })),
        { minLatencyMs: 1000 },
        { family: 'mcp_request' },
      ]
      for (const filter of filters) {
        const found = await store.rows(filter, { limit: 9 })
        expect({ filter, ids: found.items.map((item) => item.event.id) }).toEqual({ filter, ids: [marked.id] })
        expect(await ask('success-rate', filter)).toMatchObject({ events: 1 })
      }
      const nullable = equalFields.filter((field) => plain[field] === null && field !== 'jsonRpcCode')
      for (const field of nullable) {
        expect({ field, count: await store.count({ [field]: '' }) }).toEqual({ field, count: 1 })
        expect(await ask('success-rate', { [field]: '' })).toMatchObject({ events: 1 })
      }
      expect(nullable).toContain('team')
    })
  })

  describe('every number is explained by rows', () => {
    const rangeMs = 10 * dayMs
    /** Rolled up in several parts, merged, and some of it not yet rolled up. */
    async function fill(count = 3000): Promise<GatewayEvent[]> {
      const events = [...makeEvents(count, nowMs - rangeMs, nowMs)]
      const step = Math.ceil(count / 20)
      for (let start = 0; start < count; start += step) {
        await writeEvents(sink, events.slice(start, start + step))
        if (start < count - 2 * step) await rollUp(pool)
        if (start % (5 * step) === 0) await mergeParts(pool)
      }
      return events
    }

    test('numbers of any filter are numbers of rows, also of those with several members', async () => {
      const events = await fill()
      const random = createRandom(7)
      const pick = () => events[Math.floor(random() * events.length)] as GatewayEvent
      for (let round = 0; round < 60; round++) {
        const from = pick()
        const chosen = equalFields.filter(() => random() < 0.12)
        const members = chosen.map((field) => [field, from[field] ?? (field === 'jsonRpcCode' ? undefined : '')])
        const sinceMs = Math.floor(nowMs - rangeMs * random())
        const slow = random() < 0.2 ? { minLatencyMs: 100 * random() } : {}
        const filter = {
          ...Object.fromEntries(members),
          ...slow,
          sinceMs,
          untilMs: sinceMs + Math.floor(rangeMs * random()),
        }
        const answer = await ask('success-rate', filter)
        expect({ filter, events: answer.events }).toEqual({ filter, events: await store.count(answer.filter) })
      }
    })

    test('every question answers as it declares, and what its entries count can be listed', async () => {
      await fill()
      const range = { sinceMs: nowMs - rangeMs, untilMs: nowMs }
      for (const question of questions) {
        const answer = (await ask(question.name, range)) as unknown as {
          filter: EventFilter
          items?: { filter: EventFilter; events?: number; calls?: number }[]
        }
        expect(eventFilter.parse(answer.filter)).toEqual(answer.filter)
        for (const item of answer.items ?? []) {
          const count = await store.count({ ...answer.filter, ...item.filter })
          const said = item.events ?? item.calls
          if (said !== undefined)
            expect({ question: question.name, item: item.filter, said }).toEqual({
              question: question.name,
              item: item.filter,
              said: count,
            })
        }
      }
    })

    test('failures, successes and parts of stretches too', async () => {
      await fill()
      const range = { sinceMs: nowMs - rangeMs, untilMs: nowMs, family: 'traffic' as const }
      const rate = (await ask('success-rate', range)) as unknown as Record<string, number>
      expect(rate.succeeded).toBe(await store.count({ ...range, outcome: 'success' }))
      expect(rate.clientErrors).toBe(await store.count({ ...range, failureOrigin: 'client' }))
      expect(rate.gatewayErrors).toBe(await store.count({ ...range, failureOrigin: 'gateway' }))
      expect(rate.upstreamErrors).toBe(await store.count({ ...range, failureOrigin: 'upstream' }))
      expect(rate.clientErrors).toBeGreaterThan(0)
      const drawn = (await ask('outcomes-over-time', range)) as unknown as {
        everyMs: number
        points: { timeMs: number; outcomes: Record<string, number> }[]
      }
      expect(drawn.points.length).toBeGreaterThan(50)
      for (const { timeMs, outcomes } of drawn.points.slice(0, 10)) {
        const stretch = { ...range, sinceMs: timeMs, untilMs: timeMs + drawn.everyMs }
        expect(outcomes.success ?? 0).toBe(await store.count({ ...stretch, outcome: 'success' }))
      }
    })

    test('percentiles are those of the rows, off by at most 0.8 %', async () => {
      const events = await fill()
      const traffic = events.filter(({ time }) => time < nowMs)
      const answer = (await ask('latency', { sinceMs: nowMs - rangeMs, untilMs: nowMs })) as unknown as Record<
        string,
        Record<string, number>
      >
      const durations = {
        total: traffic.map(({ latencyMs }) => latencyMs ?? 0),
        upstream: traffic.map(({ upstreamMs }) => upstreamMs ?? 0),
        gateway: traffic.map(({ latencyMs, upstreamMs }) => (latencyMs ?? 0) - (upstreamMs ?? 0)),
      }
      for (const [part, all] of Object.entries(durations)) {
        const sorted = all.toSorted((a, b) => a - b)
        expect(answer[part]?.count).toBe(sorted.length)
        for (const share of [50, 95, 99]) {
          const exact = sorted[Math.ceil((share / 100) * sorted.length) - 1] ?? 0
          expect(Math.abs((answer[part]?.[`p${share}Ms`] ?? 0) - exact)).toBeLessThanOrEqual(
            Math.max(exact / 128, 1 / 512),
          )
        }
      }
    })
  })

  describe('roll-ups', () => {
    test('who dies between writing and rolling up catches up, and counts nothing twice', async () => {
      await writeEvents(sink, many(100))
      expect(await rollUp(pool)).toBe(100)
      await writeEvents(sink, many(50, 100))
      expect(await total()).toBe(150)
      // Another process begins where the roll-ups end, not where this one was.
      const other = database.openPool()
      expect(await rollUp(other)).toBe(50)
      expect(await rollUp(pool)).toBe(0)
      await other.close()
      expect(await total()).toBe(150)
    })

    test('two that roll up at the same time count each event once', async () => {
      await writeEvents(sink, many(400))
      const other = database.openPool()
      const counts = await Promise.all([rollUp(pool), rollUp(other), rollUp(pool), rollUp(other)])
      await Promise.all([mergeParts(pool), mergeParts(other)])
      await other.close()
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(400)
      expect(await total()).toBe(400)
    })

    test('while events are written, rolled up and merged on the thread, every answer has all that were written', async () => {
      const workerData: EventsThreadData = { store: database.location, prices: noPrices }
      const thread = createThreadEventStore(
        () => new Worker(new URL('../../src/events-thread.ts', import.meta.url), { workerData }),
      )
      const keepAll = { eventsMs: 0, rollUpsMs: 0 }
      const countAll = async () => {
        const result = await thread.ask('success-rate', { sinceMs: nowMs - 2 * dayMs, untilMs: nowMs })
        return 'answer' in result ? (result.answer as { events: number }).events : Number.NaN
      }
      let written = 0
      const writing = (async () => {
        for (let round = 0; round < 60; round++) {
          await writeEvents(sink, many(20, round * 20))
          written += 20
          await setImmediate()
        }
      })()
      const progress = { isDone: false }
      void writing.finally(() => {
        progress.isDone = true
      })
      while (!progress.isDone) {
        const before = written
        const [count] = await Promise.all([countAll(), thread.maintain(keepAll)])
        expect(count).toBeGreaterThanOrEqual(before)
        expect(count).toBeLessThanOrEqual(1200)
      }
      await writing
      await thread.maintain(keepAll)
      expect(await countAll()).toBe(1200)
      await thread.close()
      await expect(thread.count({})).rejects.toThrow('closed')
    })

    test('merging leaves few parts, and the numbers as they were', async () => {
      for (let round = 0; round < 20; round++) {
        await writeEvents(sink, many(10, round * 10))
        await rollUp(pool)
      }
      const before = await ask('top-subjects', { sinceMs: nowMs - 2 * dayMs })
      const parts = () => pool.read((session) => session.all('select * from event_parts'))
      expect(await parts()).toHaveLength(20)
      await mergeParts(pool)
      expect(await parts()).toHaveLength(6)
      expect(await ask('top-subjects', { sinceMs: nowMs - 2 * dayMs })).toEqual(before)
      const orphans = 'select 1 from event_part_columns where part not in (select first_row from event_parts)'
      expect(await pool.read((session) => session.all(orphans))).toEqual([])
    })
  })

  describe('retention', () => {
    test('events go when they are old and rolled up; their numbers stay, until they are old too', async () => {
      for (const days of [50, 40, 1]) await writeEvents(sink, [event(nowMs - days * dayMs)])
      const longAgo = { sinceMs: nowMs - 60 * dayMs }
      expect(await deleteOldEvents(pool, nowMs - 30 * dayMs)).toBe(0)
      await rollUp(pool)
      expect(await deleteOldEvents(pool, nowMs - 30 * dayMs)).toBe(2)
      expect(await store.count({})).toBe(1)
      expect(await ask('success-rate', longAgo)).toMatchObject({ events: 3 })
      await writeEvents(sink, [event(nowMs - 1)])
      await rollUp(pool)
      await removeOldParts(pool, nowMs - 2 * dayMs)
      // A part goes when all of it is old.
      expect(await ask('success-rate', longAgo)).toMatchObject({ events: 4 })
      await removeOldParts(pool, nowMs - dayMs + 1)
      expect(await ask('success-rate', longAgo)).toMatchObject({ events: 1 })
    })

    test('a block goes when all of its events are old, and never with one that is young', async () => {
      const old = [nowMs - 40 * dayMs, nowMs - 40 * dayMs + 1].map((time) => event(time))
      const mixed = [nowMs - 30 * dayMs - 1, nowMs - 30 * dayMs].map((time) => event(time))
      const young = [nowMs - 5, nowMs - 4].map((time) => event(time))
      for (const events of [mixed, old, young]) await writeEvents(sink, events)
      await rollUp(pool)
      expect(await deleteOldEvents(pool, nowMs - 30 * dayMs)).toBe(2)
      const left = await store.rows({}, { limit: 9 })
      expect(left.items.map((item) => item.event)).toEqual([...mixed, ...young].toReversed())
      for (const { id } of old) expect(await store.row(id)).toBeUndefined()
      expect(await deleteOldEvents(pool, nowMs - 30 * dayMs)).toBe(0)
      expect(await deleteOldEvents(pool, nowMs - 30 * dayMs + 1)).toBe(2)
      expect(await store.count({})).toBe(2)
    })

    test('what is old and in many blocks goes in steps; what is not rolled up stays', async () => {
      for (let block = 0; block < 50; block++) await writeEvents(sink, many(2, 2 * block))
      await rollUp(pool)
      await writeEvents(sink, many(2, 100))
      await writeEvents(sink, [event(nowMs)])
      expect(await deleteOldEvents(pool, nowMs)).toBe(100)
      expect(await store.count({})).toBe(3)
      await rollUp(pool)
      expect(await deleteOldEvents(pool, nowMs)).toBe(2)
    })

    test('merging blocks changes no number, no page and no cursor', async () => {
      for (let block = 0; block < 64; block++) await writeEvents(sink, many(1 + (block % 7), 10 * block))
      await rollUp(pool)
      const read = async () => ({
        listed: await store.rows({}, { limit: 1000 }),
        followed: await store.after('0.0', {}, 1000),
        count: await store.count({ subject: 's3' }),
        slow: await ask('success-rate', { sinceMs: nowMs - 2 * dayMs, minLatencyMs: 0 }),
        total: await total(),
      })
      const before = await read()
      await mergeBlocks(pool, nowMs - dayMs + 60 * minuteMs)
      expect(await countBlocks()).toBeLessThan(16)
      expect(await read()).toEqual(before)
      expect(await rollUp(pool)).toBe(0)
    })

    test('row numbers are never used again', async () => {
      await writeEvents(sink, [event(nowMs - 3), event(nowMs - 2)])
      await rollUp(pool)
      const { next } = await store.after(undefined, {}, 1)
      expect(await deleteOldEvents(pool, nowMs)).toBe(2)
      await writeEvents(sink, [event(nowMs - 1)])
      expect((await store.after(next, {}, 9)).items).toHaveLength(1)
    })
  })

  describe('questions', () => {
    test('unknown ones and wrong parameters are said, not thrown', async () => {
      expect(await store.ask('no-such', {})).toMatchObject({ problem: 'unknown-question' })
      expect(await store.ask('latency', { outcome: 'sad' })).toMatchObject({
        problem: 'invalid-params',
        message: expect.stringContaining('outcome'),
      })
    })

    test('costs follow the prices of the moment, and calls through an aggregate cost once', async () => {
      const call = (subject: string, changes: Partial<GatewayEvent> = {}) =>
        event(nowMs - 1, {
          subject,
          team: 'blue',
          virtualServer: 'v',
          capability: 'search',
          capabilityType: 'tool',
          resultTokens: 500_000,
          ...changes,
        })
      await writeEvents(sink, [
        call('a'),
        call('a', { capability: 'issue_create' }),
        call('b', { via: 'all' }),
        call('b'),
      ])
      prices = {
        ...noPrices,
        perCall: 1,
        perMillionTokens: 2,
        tools: [{ capability: 'issue_*', perCall: 10, perMillionTokens: 0 }],
      }
      expect(await ask('cost')).toMatchObject({
        currency: 'USD',
        total: 14,
        items: [
          { filter: { subject: 'a' }, calls: 2, cost: 12 },
          { filter: { subject: 'b' }, calls: 1, cost: 2 },
        ],
      })
      prices = { ...noPrices, perCall: 1 }
      expect(await ask('cost', { by: 'team' })).toMatchObject({
        items: [{ filter: { team: 'blue' }, calls: 3, cost: 3 }],
      })
    })

    test('what is unusual against the week before is found, and what is usual is not', async () => {
      const random = createRandom(3)
      const events: GatewayEvent[] = []
      for (let hour = 0; hour <= 7 * 24; hour++) {
        const isNow = hour === 0
        for (const virtualServer of ['steady', 'failing', 'slow', 'silent']) {
          if (isNow && virtualServer === 'silent') continue
          for (let call = 0; call < 80 + 20 * random(); call++) {
            const failed = random() < (isNow && virtualServer === 'failing' ? 0.5 : 0.02)
            const latencyMs = (isNow && virtualServer === 'slow' ? 2000 : 50) * (1 + 0.2 * random())
            const time = nowMs - hour * 60 * minuteMs - Math.floor(59 * minuteMs * random()) - 1
            events.push(
              event(time, {
                virtualServer,
                latencyMs,
                ...(failed && { outcome: 'failure', failureOrigin: 'upstream' }),
              }),
            )
          }
        }
      }
      await writeEvents(sink, events)
      await rollUp(pool)
      const { items } = (await ask('anomalies', { untilMs: nowMs })) as unknown as {
        items: { filter: EventFilter; metric: string; score: number }[]
      }
      const found = items.map(
        ({ filter, metric, score }) => `${filter.virtualServer} ${metric} ${score > 0 ? 'up' : 'down'}`,
      )
      expect(found.toSorted()).toEqual(['failing errorRate up', 'silent events down', 'slow p95Ms up'])
    })
  })
})

describe.runIf(isInstalled)('processes that share a PostgreSQL database', () => {
  const hourMs = 60 * minuteMs

  /** Blocks of one event each, rolled up. */
  async function fill(count: number) {
    const url = await postgres?.createDatabase()
    if (!url) throw new Error('PostgreSQL does not run')
    const pools = [openPool(url), openPool(url)] as const
    const [pool, other] = pools
    const sink = createPostgresSink(openPool(url), { clock: storedAt })
    onTestFinished(async () => {
      await sink.close()
      await Promise.all(pools.map((each) => each.close()))
    })
    const store = openEventStore({ pool, prices: () => noPrices, clock: () => nowMs })
    const events = Array.from({ length: count }, (_, index) =>
      newEvent('capability_completed', nowMs - hourMs + index, `request-${index}`),
    )
    for (const each of events) await writeEvents(sink, [each])
    await rollUp(pool)
    return { pool, other, store, events }
  }

  /** Others do something before the nth statement of a pool that begins so. */
  function interrupt(pool: SqlPool, nth: number, beginning: string, meanwhile: () => Promise<unknown>): SqlPool {
    let count = 0
    const pass = async (sql: string) => {
      if (sql.startsWith(beginning) && ++count === nth) await meanwhile()
    }
    const wrap = (session: SqlSession): SqlSession => ({
      ...session,
      all: async (sql, parameters) => pass(sql).then(() => session.all(sql, parameters)),
      run: async (sql, parameters) => pass(sql).then(() => session.run(sql, parameters)),
    })
    return { ...pool, write: (work) => pool.write((session) => work(wrap(session))) }
  }

  const listIds = async (store: GatewayEventStore) =>
    (await store.rows({}, { limit: 1000 })).items.map((item) => item.event.id).toReversed()

  test('one that merges what another has merged meanwhile, twice, loses nothing', async () => {
    const { pool, other, store, events } = await fill(64)
    await mergeBlocks(
      interrupt(pool, 1, 'delete', () => mergeBlocks(other, nowMs)),
      nowMs,
    )
    expect(await listIds(store)).toEqual(events.map(({ id }) => id))
  })

  test('one that merges what another has deleted meanwhile does not bring it back', async () => {
    const { pool, other, store, events } = await fill(8)
    await mergeBlocks(
      interrupt(pool, 1, 'delete', () => deleteOldEvents(other, events[4]?.time ?? 0)),
      nowMs,
    )
    expect(await listIds(store)).toEqual(events.slice(4).map(({ id }) => id))
  })

  test('one that deletes what another has merged meanwhile keeps what is young', async () => {
    const { pool, other, store, events } = await fill(8)
    await deleteOldEvents(
      interrupt(pool, 1, 'delete', () => mergeBlocks(other, nowMs)),
      events[4]?.time ?? 0,
    )
    const left = await listIds(store)
    expect(left).toEqual(expect.arrayContaining(events.slice(4).map(({ id }) => id)))
  })
})

describe.runIf(isInstalled)('a connection to PostgreSQL that breaks', () => {
  /** Every first transaction of a batch fails, before or after it is committed. */
  function breakWrites(pool: SqlPool, when: 'before' | 'after'): SqlPool {
    let writes = 0
    return {
      ...pool,
      write: async (work) => {
        const breaks = ++writes > 1 && writes % 2 === 0
        if (breaks && when === 'before') throw new Error('the connection broke')
        const result = await pool.write(work)
        if (breaks) throw new Error('the connection broke')
        return result
      },
    }
  }

  test.each(['before', 'after'] as const)('%s a batch is stored: each event is stored once', async (when) => {
    const url = await postgres?.createDatabase()
    if (!url) throw new Error('PostgreSQL does not run')
    // The first transaction makes the tables.
    const sink = createPostgresSink(breakWrites(openPool(url), when))
    const pool = openPool(url)
    const events = [1, 2, 3, 4].map((time) => newEvent('capability_completed', nowMs + time, `request-${time}`))
    await writeEvents(sink, events.slice(0, 2))
    await writeEvents(sink, events.slice(2))
    const store = openEventStore({ pool, prices: () => noPrices, clock: () => nowMs })
    const stored = await store.rows({}, { limit: 10 })
    expect(stored.items.map(({ event }) => event)).toEqual(events.toReversed())
    await sink.close()
    await pool.close()
  })

  test('in the middle of a transaction ends nothing but the transaction: each event is stored once', async () => {
    const url = await postgres?.createDatabase()
    if (!url) throw new Error('PostgreSQL does not run')
    const [own, pool] = [openPool(url), openPool(url)]
    const killed = new Set<number>()
    const sink = createPostgresSink({
      ...own,
      write: (work) =>
        own.write(async (session) => {
          const result = await work(session)
          const [backend] = await session.all('select pg_backend_pid() as pid')
          // Each connection once, before the commit.
          if (killed.size < 3) {
            killed.add(Number(backend?.pid))
            await pool.write((other) => other.all('select pg_terminate_backend(?)', [Number(backend?.pid)]))
          }
          return result
        }),
    })
    const events = [1, 2, 3].map((time) => newEvent('capability_completed', nowMs + time, `request-${time}`))
    await writeEvents(sink, events)
    expect(killed.size).toBe(3)
    const store = openEventStore({ pool, prices: () => noPrices, clock: () => nowMs })
    expect((await store.rows({}, { limit: 10 })).items.map(({ event }) => event)).toEqual(events.toReversed())
    await sink.close()
    await pool.close()
  })

  test('whoever hangs while it holds the row numbers does not hold them for long', { timeout: 30_000 }, async () => {
    const url = await postgres?.createDatabase()
    if (!url) throw new Error('PostgreSQL does not run')
    const [hanging, pool] = [openPool(url), openPool(url)]
    await prepareEventTables(pool)
    const { promise: awake, resolve: wake } = Promise.withResolvers<void>()
    const { promise: holds, resolve: hold } = Promise.withResolvers<void>()
    const hung = hanging.write(async (session) => {
      await session.run("update event_progress set row_id = row_id + 1 where name = 'row'")
      hold()
      await awake
    })
    await holds
    const sink = createPostgresSink(pool)
    await writeEvents(sink, [newEvent('capability_completed', nowMs, 'request')])
    wake()
    await expect(hung).rejects.toThrow()
    await hanging.close()
    await sink.close()
  })

  test('making the tables waits for no writer that waits for it', async () => {
    const url = await postgres?.createDatabase()
    if (!url) throw new Error('PostgreSQL does not run')
    const [pool, other] = [openPool(url), openPool(url)]
    const sinks = [createPostgresSink(openPool(url)), createPostgresSink(openPool(url))]
    const over = new AbortController()
    const writeOn = async (sink: (typeof sinks)[number]) => {
      let count = 0
      for (; !over.signal.aborted; count++)
        await writeEvents(sink, [newEvent('capability_completed', nowMs, `request-${count}`)])
      return count
    }
    await prepareEventTables(pool)
    const writing = sinks.map(writeOn)
    for (let round = 0; round < 30; round++) await Promise.all([prepareEventTables(pool), prepareEventTables(other)])
    over.abort()
    const counts = await Promise.all(writing)
    const [stored] = await pool.read((session) => session.all('select sum(events) as events from event_blocks'))
    expect(Number(stored?.events)).toBe(counts.reduce((sum, count) => sum + count, 0))
    const [deadlocks] = await pool.read((session) =>
      session.all('select deadlocks from pg_stat_database where datname = current_database()'),
    )
    expect(Number(deadlocks?.deadlocks)).toBe(0)
    await Promise.all([...sinks.map((sink) => sink.close()), pool.close(), other.close()])
  })
})
