import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readEvents } from '../../../test/harness/stored-events.ts'
import { reasons } from '../../errors/reasons.ts'
import { eventFields, type GatewayEvent, newEvent } from '../event.ts'
import { eventColumns, listValues } from '../event-columns.ts'
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

describe('the tables', () => {
  test('have one column per declared field, with the type of the field', () => {
    expect(eventColumns.map((column) => column.name)).toEqual(Object.keys(eventFields.shape))
    const typeOf = (name: string) => eventColumns.find((column) => column.name === name)
    expect(typeOf('time')).toMatchObject({ sqlType: 'integer', nullable: false })
    expect(typeOf('latencyMs')).toMatchObject({ sqlType: 'real', nullable: true })
    expect(typeOf('cached')).toMatchObject({ sqlType: 'integer', isBoolean: true })
    expect(typeOf('subject')).toMatchObject({ sqlType: 'text', nullable: true })
    expect(typeOf('reason')).toMatchObject({ sqlType: 'text', nullable: true })
  })

  test('an older one gets the columns it lacks and keeps its rows', () => {
    const database = new DatabaseSync(path)
    void createSqliteSink(database).write([eventAt(1, { subject: 'ada', stepMs: '1' })])
    database.exec('drop view events; create view events as select row_id, time from event_rows')
    database.exec('alter table event_rows drop column "stepMs"; alter table event_contexts drop column "via"')
    const sink = createSqliteSink(database)
    void sink.write([eventAt(2, { stepMs: '2', via: 'all' })])
    expect(readEvents(database, { limit: 9 }).map(({ event }) => [event.subject, event.stepMs, event.via])).toEqual([
      ['ada', null, null],
      [null, '2', 'all'],
    ])
    void sink.close()
  })

  test('events that agree in what is not their own share it', () => {
    const database = new DatabaseSync(path)
    const sink = createSqliteSink(database)
    const events = ['ada', 'bob', 'ada', 'ada'].map((team, time) =>
      eventAt(time, { team, subject: `${time}`, latencyMs: time }),
    )
    void sink.write(events.slice(0, 3))
    void sink.write(events.slice(3))
    expect(database.prepare('select count(*) as count from event_contexts').get()).toEqual({ count: 2 })
    expect(readEvents(database, { limit: 9 }).map(({ event }) => event)).toEqual(events)
    void sink.close()
  })
})

describe('events of before they were two tables', () => {
  const declared = eventColumns.map(
    ({ name, sqlType, nullable }) => `"${name}" ${sqlType}${nullable ? '' : ' not null'}`,
  )
  const createWide = (database: DatabaseSync, columns: readonly string[]) =>
    database.exec(`create table events (row_id integer primary key autoincrement, ${columns.join(', ')});
      create index events_by_time on events (time);
      create index events_by_reason on events (reason, time) where reason is not null`)

  test('are converted, with their numbers', () => {
    const database = new DatabaseSync(path)
    createWide(database, declared)
    const marks = eventColumns.map(() => '?').join(', ')
    const names = eventColumns.map(({ name }) => `"${name}"`).join(', ')
    const insert = database.prepare(`insert into events (${names}) values (${marks})`)
    const events = Array.from({ length: 500 }, (_, time) =>
      eventAt(time, {
        subject: `person-${time}`,
        team: time % 3 === 0 ? null : `team-${time % 3}`,
        jsonRpcCode: time % 5 === 0 ? -32602 : null,
        reason: time % 7 === 0 ? 'capability_failed' : null,
        cached: time % 2 === 0,
        latencyMs: time / 8,
        steps: `upstream answered ${time}`,
      }),
    )
    for (const event of events) insert.run(...listValues(event))
    database.exec('delete from events where row_id < 100')
    const sink = createSqliteSink(database)
    const stored = readEvents(database, { limit: 1000 })
    expect(stored.map(({ rowId }) => rowId)).toEqual(events.slice(99).map((_, index) => index + 100))
    expect(stored.map(({ event }) => event)).toEqual(events.slice(99).map((event) => ({ ...event, steps: null })))
    expect(database.prepare('select count(*) as count from event_contexts').get()).toEqual({ count: 12 })
    void sink.close()
  })

  test('numbers of those that were deleted are not given again', () => {
    const database = new DatabaseSync(path)
    createWide(
      database,
      declared.filter((column) => !column.startsWith('"via"')),
    )
    database.exec(`insert into events (id, time, type, requestId, tenant, outcome, cached)
      values ('a', 1, 'auth_signed_in', 'r', 'default', 'success', 0), ('b', 2, 'auth_signed_in', 'r', 'default', 'success', 0)`)
    database.exec('delete from events')
    const sink = createSqliteSink(database)
    void sink.write([eventAt(5)])
    expect(readEvents(database, { limit: 9 }).map(({ rowId }) => rowId)).toEqual([3])
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

  test('any batch comes back as it was written', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 70 }), (events) => {
        const database = new DatabaseSync(':memory:')
        const sink = createSqliteSink(database)
        void sink.write(events)
        const stored = readEvents(database, { limit: 1000, afterRowId: 0 })
        expect(stored.map(({ event }) => event)).toEqual(events.map((event) => normalizeZero(event)))
        void sink.close()
      }),
      { numRuns: 50 },
    )
  })

  test('a batch that fails leaves nothing behind, and the sink goes on', () => {
    const database = new DatabaseSync(path)
    const sink = createSqliteSink(database)
    const broken = { ...eventAt(2), tenant: null } as unknown as GatewayEvent
    expect(() => sink.write([eventAt(1), broken])).toThrow(/NOT NULL/)
    void sink.write([eventAt(3)])
    expect(timesOf(readEvents(database, { limit: 9 }))).toEqual([3])
    void sink.close()
  })

  test('the latest events, oldest first; then what follows a row; from a time on', () => {
    const database = new DatabaseSync(path)
    const sink = createSqliteSink(database)
    void sink.write([1, 2, 3, 4, 5].map((time) => eventAt(time)))
    const reader = new DatabaseSync(path, { readOnly: true })
    const latest = readEvents(reader, { limit: 2 })
    expect(timesOf(latest)).toEqual([4, 5])
    void sink.write([6, 7].map((time) => eventAt(time)))
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

/** SQLite keeps no negative zero. */
function normalizeZero(event: GatewayEvent): GatewayEvent {
  return { ...event, latencyMs: event.latencyMs === null ? null : event.latencyMs + 0 }
}
