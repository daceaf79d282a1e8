import { setTimeout as pause } from 'node:timers/promises'
import type { EventSink } from '../../contracts/event-sink.ts'
import type { SqlPool } from '../../contracts/sql-pool.ts'
import type { GatewayEvent } from '../event.ts'
import { eventColumns } from '../event-columns.ts'
import { insertLock, prepareEventTables } from '../event-tables.ts'

/** A database that restarts is back within this time. Meanwhile the events wait in the bounded buffer. */
const tryForMs = 30_000
const firstPauseMs = 100
const longestPauseMs = 3000

const names = eventColumns.map(({ name }) => `"${name}"`).join(', ')
const insert = `insert into events (${names}) select ${names} from json_populate_recordset(null::events, ?::json)`

/**
 * Writes events to the table `events` of PostgreSQL, each batch in one transaction. Makes the tables before the first one. Closes
 * the pool. `durable`: a written batch survives a crash of the database, too.
 */
export function createPostgresSink(pool: SqlPool, { durable = false } = {}): EventSink<GatewayEvent> {
  let prepared = false
  let closed = false
  const write = async (json: string) => {
    if (!prepared) await prepareEventTables(pool)
    prepared = true
    await pool.write(async (session) => {
      // Who rolls up waits for this, see `findLastRow`.
      await session.run(`select pg_advisory_xact_lock_shared(${insertLock})`)
      // Else a commit is there for everybody at once, and on disk within a second.
      if (!durable) await session.run('set local synchronous_commit = off')
      await session.run(insert, [json])
    })
  }
  return {
    name: 'postgres',
    // A commit costs round trips and the time of a disk.
    joinsUpTo: 4096,
    async write(events) {
      const json = writeJson(events)
      const deadline = Date.now() + tryForMs
      for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
        try {
          await write(json)
          return
        } catch (error) {
          if (closed || Date.now() + pauseMs > deadline) throw error
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

function writeJson(events: readonly GatewayEvent[]): string {
  const rows = events.map((event) => ({ ...event, cached: Number(event.cached) }))
  const json = JSON.stringify(rows)
  if (!refused.test(json)) return json
  return JSON.stringify(rows, (_name, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\u{FFFD}') : value,
  )
}
