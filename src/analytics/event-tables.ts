import type { SqlPool, SqlSession } from '../contracts/sql-pool.ts'
import { type EventColumn, eventColumns } from './event-columns.ts'

/** Any number that no other program uses for advisory locks in this database. */
const schemaLock = 7_420_251_121
/** Held, shared, while events are being inserted in PostgreSQL; see `findLastRow`. */
export const insertLock = 7_420_251_122

/** Tables of roll-ups, see docs/adr. `part` is the `first_row` of the part that a column is of. */
const rollUpTables = (bytes: string) => [
  `create table if not exists event_parts (first_row bigint primary key, last_row bigint not null, level integer not null,
     rows bigint not null, events bigint not null, first_ms bigint not null, last_ms bigint not null)`,
  `create table if not exists event_part_columns (part bigint not null, name text not null, content ${bytes} not null,
     primary key (part, name))`,
  'create table if not exists event_progress (name text primary key, row_id bigint not null)',
  "insert into event_progress (name, row_id) values ('minute', 0) on conflict do nothing",
]

/**
 * Makes the tables, and adds what tables of an older version lack. Several processes may do this at once. In SQLite the table `events` is made by who
 * writes it, see sinks/sqlite.ts.
 */
export async function prepareEventTables(pool: SqlPool): Promise<void> {
  await pool.write(async (session) => {
    if (pool.dialect === 'postgres') {
      await session.run(`select pg_advisory_xact_lock(${schemaLock})`)
      await preparePostgresEvents(session)
    }
    for (const statement of rollUpTables(pool.dialect === 'postgres' ? 'bytea' : 'blob')) await session.run(statement)
  })
}

async function preparePostgresEvents(session: SqlSession): Promise<void> {
  await session.run(
    `create table if not exists events (row_id bigint generated always as identity primary key, ${declareAll()})`,
  )
  for (const column of eventColumns) await session.run(`alter table events add column if not exists ${declare(column)}`)
  await session.run('create index if not exists events_by_time on events (time, row_id)')
  await session.run('create index if not exists events_by_reason on events (reason, time) where reason is not null')
}

const postgresTypes = { text: 'text', integer: 'bigint', real: 'double precision' }

const declare = ({ name, sqlType }: EventColumn) => `"${name}" ${postgresTypes[sqlType]}`
const declareAll = () =>
  eventColumns.map((column) => `${declare(column)}${column.nullable ? '' : ' not null'}`).join(', ')

/**
 * The last row up to which no row can appear any more. In PostgreSQL a row gets its number before it can be seen, so rows may appear out of order:
 * waits until those being inserted are there. Call it in a transaction of its own.
 */
export async function findLastRow(pool: SqlPool): Promise<number> {
  const lastRow = async (session: SqlSession) => {
    const [row] = await session.all('select coalesce(max(row_id), 0) as last from events')
    return Number(row?.last ?? 0)
  }
  if (pool.dialect === 'sqlite') return pool.read(lastRow)
  return pool.write(async (session) => {
    await session.run(`select pg_advisory_xact_lock(${insertLock})`)
    return lastRow(session)
  })
}
