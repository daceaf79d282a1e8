import { setTimeout as pause } from 'node:timers/promises'
import type { EventSink } from '../../contracts/event-sink.ts'
import type { SqlValue } from '../../contracts/sql-database.ts'
import type { SqlPool, SqlSession } from '../../contracts/sql-pool.ts'
import { ContextIndex, type EventContext } from '../context-index.ts'
import type { GatewayEvent } from '../event.ts'
import { contextColumns, type EventColumn, findPlaces, listValues, ownColumns } from '../event-columns.ts'
import { insertLock, prepareEventTables } from '../event-tables.ts'

/** A database that restarts is back within this time. Meanwhile the events wait in the bounded buffer. */
const tryForMs = 30_000
const firstPauseMs = 100
const longestPauseMs = 3000

const listNames = (columns: readonly EventColumn[]) => columns.map(({ name }) => `"${name}"`).join(', ')
const fill = (table: string, names: string) =>
  `insert into ${table} (${names}) select ${names} from json_populate_recordset(null::${table}, ?::json)`

const insertRows = fill('event_rows', `context_id, ${listNames(ownColumns)}`)
const insertContexts = fill('event_contexts', `context_id, created_ms, ${listNames(contextColumns)}`)
const takeNumbers =
  "select nextval(pg_get_serial_sequence('event_contexts', 'context_id')) as id from generate_series(1, ?)"

const contextPlaces = findPlaces(contextColumns)
const ownPlaces = findPlaces(ownColumns)

/**
 * Writes events to the tables of the view `events` of PostgreSQL, each batch in one transaction. Makes the tables before the first one. Closes
 * the pool. `durable`: a written batch survives a crash of the database, too.
 */
export function createPostgresSink(pool: SqlPool, { durable = false } = {}): EventSink<GatewayEvent> {
  let prepared = false
  let closed = false
  const contexts = new ContextIndex()
  const insert = async (session: SqlSession, events: readonly GatewayEvent[]) => {
    const found = events.map((event) => {
      const values = listValues(event)
      return { values, context: contexts.find(values) }
    })
    await tellContexts(session, found)
    const rows = found.map(({ values, context }) => ({
      context_id: context.id,
      ...pick(ownColumns, ownPlaces, values),
    }))
    await session.run(insertRows, [writeJson(rows)])
  }
  const write = async (events: readonly GatewayEvent[], isRepeated: boolean) => {
    if (!prepared) await prepareEventTables(pool)
    prepared = true
    contexts.renew()
    await pool
      .write(async (session) => {
        // Who rolls up waits for this, see `findLastRow`.
        await session.run(`select pg_advisory_xact_lock_shared(${insertLock})`)
        // Else a commit is there for everybody at once, and on disk within a second.
        if (!durable) await session.run('set local synchronous_commit = off')
        if (!(isRepeated && (await isThere(session, events[0])))) await insert(session, events)
      })
      .catch((error: unknown) => {
        contexts.clear()
        throw error
      })
  }
  return {
    name: 'postgres',
    // A commit costs round trips and the time of a disk.
    joinsUpTo: 4096,
    async write(events) {
      const deadline = Date.now() + tryForMs
      let isRepeated = false
      for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
        try {
          await write(events, isRepeated)
          return
        } catch (error) {
          if (closed || Date.now() + pauseMs > deadline) throw error
          isRepeated = true
          await pause(pauseMs, undefined, { ref: false })
        }
      }
    },
    async close() {
      closed = true
      await pool.close()
    },
  }
}

/** What a text may hold here and not in PostgreSQL: NUL, and halves of surrogate pairs. */
const refused = /\\u0000|\\ud[89a-f]/i

function writeJson(rows: readonly object[]): string {
  const json = JSON.stringify(rows)
  if (!refused.test(json)) return json
  return JSON.stringify(rows, (_name, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\u{FFFD}') : value,
  )
}

interface FoundContext {
  readonly values: readonly SqlValue[]
  readonly context: EventContext
}

/** Whether an event was stored. A connection may break after a batch is, and before anybody is told. */
async function isThere(session: SqlSession, event: GatewayEvent | undefined): Promise<boolean> {
  if (event === undefined) return false
  const { time, id } = event
  return (await session.all('select 1 from event_rows where time = ? and id = ? limit 1', [time, id])).length > 0
}

/** Tells the database of contexts that it does not have, and numbers them. */
async function tellContexts(session: SqlSession, found: readonly FoundContext[]): Promise<void> {
  const unknown = new Map<EventContext, readonly SqlValue[]>()
  for (const { values, context } of found) if (context.id === undefined) unknown.set(context, values)
  if (unknown.size === 0) return
  const numbers = await session.all(takeNumbers, [unknown.size])
  const rows = [...unknown].map(([context, values], index) => {
    context.id = Number(numbers[index]?.id)
    return { context_id: context.id, created_ms: Date.now(), ...pick(contextColumns, contextPlaces, values) }
  })
  await session.run(insertContexts, [writeJson(rows)])
}

function pick(columns: readonly EventColumn[], places: readonly number[], values: readonly SqlValue[]): object {
  return Object.fromEntries(columns.map(({ name }, index) => [name, values[places[index] ?? 0]]))
}
