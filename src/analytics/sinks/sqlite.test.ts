import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readEvents } from '../../../test/harness/stored-events.ts'
import { writeEvents } from '../../../test/harness/write-events.ts'
import { reasons } from '../../errors/reasons.ts'
import { type GatewayEvent, newEvent } from '../event.ts'
import { type EventColumn, eventColumns } from '../event-columns.ts'
import { createSqliteSink } from './sqlite.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'events-'))
  path = join(directory, 'events.db')
})
afterEach(() => rmSync(directory, { recursive: true }))

function eventAt(time: number, changes: Partial<GatewayEvent> = {}): GatewayEvent {
  return { ...newEvent('capability_completed', time, `request-${time}`), ...changes }
}
const timesOf = (events: readonly { event: GatewayEvent }[]) => events.map(({ event }) => event.time)

const declared = (columns: readonly EventColumn[]) =>
  columns.map(({ name, sqlType, nullable }) => `"${name}" ${sqlType}${nullable ? '' : ' not null'}`).join(', ')

/** A table of an older version, with events under the numbers given. */
function fillTable(
  database: DatabaseSync,
  table: string,
  columns: readonly EventColumn[],
  rows: readonly { readonly keys: { readonly [name: string]: number }; readonly event: GatewayEvent }[],
): void {
  const names = [...Object.keys(rows[0]?.keys ?? {}), ...columns.map(({ name }) => `"${name}"`)]
  const insert = database.prepare(
    `insert into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`,
  )
  for (const { keys, event } of rows) {
    const values = columns.map(({ name }) => event[name])
    insert.run(...Object.values(keys), ...values.map((value) => (typeof value === 'boolean' ? Number(value) : value)))
  }
}

/** A row for each event. */
function createWide(database: DatabaseSync, columns: readonly EventColumn[] = eventColumns): void {
  database.exec(`create table events (row_id integer primary key autoincrement, ${declared(columns)});
    create index events_by_time on events (time);
    create index events_by_reason on events (reason, time) where reason is not null`)
}

/** What each event has for itself in one table, what many share in another, and a view that looks like the table of before. */
function createRowsAndContexts(database: DatabaseSync, columns: readonly EventColumn[] = eventColumns) {
  const isOwn = ({ name }: EventColumn) => ['id', 'time', 'requestId', 'subject', 'latencyMs', 'stepMs'].includes(name)
  const own = columns.filter(isOwn)
  const shared = columns.filter((column) => !isOwn(column))
  const named = columns.map((column) => `${isOwn(column) ? 'r' : 'c'}."${column.name}"`)
  database.exec(`
    create table event_contexts (context_id integer primary key autoincrement, created_ms bigint not null, ${declared(shared)});
    create table event_rows (row_id integer primary key autoincrement, context_id bigint not null, ${declared(own)});
    create index events_by_time on event_rows (time);
    create view events as select r.row_id, r.context_id, ${named.join(', ')}
      from event_rows r cross join event_contexts c where c.context_id = r.context_id`)
  return { own, shared }
}

interface NumberedEvent {
  readonly rowId: number
  readonly event: GatewayEvent
}

const forms = [
  {
    form: 'a row for each event',
    fill: (database: DatabaseSync, events: readonly NumberedEvent[]) => {
      createWide(database)
      const rows = events.map(({ rowId, event }) => ({ keys: { row_id: rowId }, event }))
      fillTable(database, 'events', eventColumns, rows)
    },
    forget: 'delete from events',
  },
  {
    form: 'a row for each event, and a context for many',
    fill: (database: DatabaseSync, events: readonly NumberedEvent[]) => {
      const { own, shared } = createRowsAndContexts(database)
      const contexts = new Map<string, number>()
      for (const { rowId, event } of events) {
        const key = JSON.stringify(shared.map(({ name }) => event[name]))
        const known = contexts.get(key)
        const context = known ?? contexts.size + 1
        contexts.set(key, context)
        if (known === undefined) {
          fillTable(database, 'event_contexts', shared, [{ keys: { context_id: context, created_ms: 1 }, event }])
        }
        fillTable(database, 'event_rows', own, [{ keys: { row_id: rowId, context_id: context }, event }])
      }
    },
    forget: 'delete from event_rows',
  },
]

function variousEvents(count: number): readonly GatewayEvent[] {
  return Array.from({ length: count }, (_, time) =>
    eventAt(time, {
      subject: `person-${time}`,
      team: time % 3 === 0 ? null : `team-${time % 3}`,
      jsonRpcCode: time % 5 === 0 ? -32602 : null,
      reason: time % 7 === 0 ? 'capability_failed' : null,
      cached: time % 2 === 0,
      latencyMs: time / 8,
    }),
  )
}

const readPlaces = (database: DatabaseSync) =>
  database
    .prepare('select first_row as first, last_row as last, events from event_blocks order by first_row')
    .all()
    .map((row) => ({ first: Number(row.first), last: Number(row.last), events: Number(row.events) }))

/** Roll-ups of an older version reach to a row. */
function setProgress(database: DatabaseSync, row: number): void {
  database.exec(`create table event_progress (name text primary key, row_id bigint not null);
    insert into event_progress (name, row_id) values ('minute', ${row})`)
}

describe.each(forms)('events of a version that had $form', ({ fill, forget }) => {
  test('are converted, in their order, and the tables they were in go', () => {
    const database = new DatabaseSync(path)
    const events = variousEvents(3000)
    fill(
      database,
      events.map((event, index) => ({ rowId: index + 1, event })),
    )
    const sink = createSqliteSink(database)
    const stored = readEvents(database, { limit: 10_000 })
    expect(stored.map(({ event }) => event)).toEqual(events)
    expect(stored.map(({ rowId }) => rowId)).toEqual(events.map((_, index) => index + 1))
    const left = database.prepare("select name from sqlite_schema where type in ('table', 'view') order by name").all()
    const expected = ['event_blocks', 'event_part_columns', 'event_parts', 'event_progress']
    expect(left.map(({ name }) => name).filter((name) => name !== 'sqlite_sequence')).toEqual(expected)
    void sink.close()
    const again = createSqliteSink(new DatabaseSync(path))
    void again.close()
  })

  test('keep to their side of the end of the roll-ups, and no block is on both', () => {
    const database = new DatabaseSync(path)
    const numbered = variousEvents(2500)
      .map((event, index) => ({ rowId: index + 1, event }))
      .filter(({ rowId }) => rowId > 40 && rowId % 9 !== 0)
    const end = 1300
    fill(database, numbered)
    setProgress(database, end)
    void createSqliteSink(database).close()
    const reader = new DatabaseSync(path)
    const places = readPlaces(reader)
    const before = places.filter(({ last }) => last <= end)
    const behind = places.filter(({ first }) => first > end)
    expect([...before, ...behind]).toEqual(places)
    for (const { first, last, events } of places) expect(last - first + 1).toBe(events)
    for (const [index, { first }] of places.entries()) expect(first).toBeGreaterThan(places[index - 1]?.last ?? 0)
    const count = (list: typeof places) => list.reduce((sum, { events }) => sum + events, 0)
    expect(count(before)).toBe(numbered.filter(({ rowId }) => rowId <= end).length)
    expect(readEvents(reader, { limit: 10_000 }).map(({ event }) => event)).toEqual(numbered.map(({ event }) => event))
    reader.close()
  })

  test('have numbers that no later event gets', async () => {
    const database = new DatabaseSync(path)
    fill(
      database,
      variousEvents(5).map((event, index) => ({ rowId: 7 * index + 1, event })),
    )
    setProgress(database, 8)
    const sink = createSqliteSink(database)
    await writeEvents(sink, [eventAt(100)])
    expect(readEvents(database, { limit: 1 })).toMatchObject([{ rowId: 30, event: { time: 100 } }])
    void sink.close()
  })

  test('have numbers that no later event gets, also when all of them were deleted', async () => {
    const database = new DatabaseSync(path)
    fill(
      database,
      variousEvents(5).map((event, index) => ({ rowId: index + 1, event })),
    )
    setProgress(database, 5)
    database.exec(forget)
    const sink = createSqliteSink(database)
    await writeEvents(sink, [eventAt(100)])
    expect(readEvents(database, { limit: 9 }).map(({ rowId }) => rowId)).toEqual([6])
    void sink.close()
  })
})

describe('events of a version that knew fewer fields', () => {
  const known = eventColumns.filter(({ name }) => name !== 'via' && name !== 'stepMs')

  test.each(['wide', 'two'])('have none of them: %s', (form) => {
    const database = new DatabaseSync(path)
    const events = variousEvents(3)
    const rows = events.map((event, index) => ({ keys: { row_id: index + 1 }, event }))
    if (form === 'wide') {
      createWide(database, known)
      fillTable(database, 'events', known, rows)
    } else {
      const { own, shared } = createRowsAndContexts(database, known)
      for (const { keys, event } of rows) {
        fillTable(database, 'event_contexts', shared, [{ keys: { context_id: keys.row_id, created_ms: 1 }, event }])
        fillTable(database, 'event_rows', own, [{ keys: { ...keys, context_id: keys.row_id }, event }])
      }
    }
    const sink = createSqliteSink(database)
    expect(readEvents(database, { limit: 9 }).map(({ event }) => event)).toEqual(events)
    void sink.close()
  })
})

describe('writing and reading', () => {
  const nullableText = fc.option(fc.string())
  const anyEvent = fc
    .record({
      time: fc.nat(),
      subject: nullableText,
      capability: nullableText,
      detail: nullableText,
      reason: fc.option(fc.constantFrom(...(Object.keys(reasons) as (keyof typeof reasons)[]))),
      httpStatus: fc.option(fc.integer({ min: 100, max: 599 })),
      latencyMs: fc.option(fc.double({ min: 0, max: 1e7, noNaN: true })),
      cached: fc.boolean(),
    })
    .map(({ time, ...changes }) => eventAt(time, changes))

  test('any batch comes back as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anyEvent, { maxLength: 40 }), { maxLength: 3 }), async (batches) => {
        const database = new DatabaseSync(':memory:')
        const sink = createSqliteSink(database)
        for (const batch of batches) await writeEvents(sink, batch)
        const stored = readEvents(database, { limit: 1000, afterRowId: 0 })
        expect(stored.map(({ event }) => event)).toEqual(batches.flat())
        expect(stored.map(({ rowId }) => rowId)).toEqual(batches.flat().map((_, index) => index + 1))
        void sink.close()
      }),
      { numRuns: 50 },
    )
  })

  test('a batch that fails leaves nothing behind, and the sink goes on', async () => {
    const database = new DatabaseSync(path)
    const sink = createSqliteSink(database)
    await writeEvents(sink, [eventAt(1)])
    database.exec(`create trigger full before insert on event_blocks begin select raise(abort, 'no room'); end`)
    await expect(writeEvents(sink, [eventAt(2), eventAt(3)])).rejects.toThrow('no room')
    database.exec('drop trigger full')
    await writeEvents(sink, [eventAt(4)])
    const stored = readEvents(database, { limit: 9 })
    expect(timesOf(stored)).toEqual([1, 4])
    expect(stored.map(({ rowId }) => rowId)).toEqual([1, 2])
    void sink.close()
  })

  test('row numbers that were given already are an error, and no silent loss', async () => {
    const database = new DatabaseSync(path)
    const sink = createSqliteSink(database)
    await writeEvents(sink, [eventAt(1), eventAt(2)])
    database.exec("update event_progress set row_id = 0 where name = 'row'")
    await expect(writeEvents(sink, [eventAt(3)])).rejects.toThrow('UNIQUE')
    expect(timesOf(readEvents(database, { limit: 9 }))).toEqual([1, 2])
    void sink.close()
  })

  test('the latest events, oldest first; then what follows a row; from a time on', async () => {
    const database = new DatabaseSync(path)
    const sink = createSqliteSink(database)
    await writeEvents(
      sink,
      [1, 2, 3, 4, 5].map((time) => eventAt(time)),
    )
    const reader = new DatabaseSync(path, { readOnly: true })
    const latest = readEvents(reader, { limit: 2 })
    expect(timesOf(latest)).toEqual([4, 5])
    await writeEvents(
      sink,
      [6, 7].map((time) => eventAt(time)),
    )
    expect(timesOf(readEvents(reader, { limit: 9, afterRowId: latest[1]?.rowId }))).toEqual([6, 7])
    expect(timesOf(readEvents(reader, { limit: 2, afterRowId: 0 }))).toEqual([1, 2])
    expect(timesOf(readEvents(reader, { limit: 9, sinceMs: 6 }))).toEqual([6, 7])
    reader.close()
    void sink.close()
  })

  test('a file without events reads as empty', () => {
    expect(readEvents(new DatabaseSync(':memory:'), { limit: 9 })).toEqual([])
  })
})
