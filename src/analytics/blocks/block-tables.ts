import type { SqlPool, SqlSession } from '../../contracts/sql-pool.ts'

type Dialect = SqlPool['dialect']

/** A block is not merged any more when it has as many events. */
export const fullBlock = 128
/** As the index of small blocks says it: word for word, or no database uses that. */
export const isSmall = `events < ${fullBlock}`

/** Any number that no other program uses for advisory locks in this database. */
const schemaLock = 7_420_251_121

/**
 * The tables of events, see docs/adr. Rows are numbered in the order in which events were written. `event_blocks` holds the events, many in a block;
 * `event_parts`
 * and their columns hold roll-ups, and `part` is the `first_row` of the part that a column is of. `event_progress` has the last row that was given to
 * an event (`row`) and the last one that is rolled up (`minute`).
 */
export function listTableStatements(dialect: Dialect): readonly string[] {
  const [bytes, key] = dialect === 'postgres' ? ['bytea', 'bigint'] : ['blob', 'integer']
  return [
    `create table if not exists event_blocks (first_row ${key} primary key, last_row bigint not null, name text not null, events bigint not null, first_ms bigint not null, last_ms bigint not null, facts ${bytes} not null, details ${bytes} not null,
     stored_ms bigint not null)`,
    `create table if not exists event_parts (first_row bigint primary key, last_row bigint not null, level integer not null,
     rows bigint not null, events bigint not null, first_ms bigint not null, last_ms bigint not null)`,
    `create table if not exists event_part_columns (part bigint not null, name text not null, content ${bytes} not null,
     primary key (part, name))`,
    'create table if not exists event_progress (name text primary key, row_id bigint not null)',
    "insert into event_progress (name, row_id) values ('minute', 0) on conflict do nothing",
    // Where there are roll-ups of an older version, rows go on behind them.
    "insert into event_progress (name, row_id) select 'row', row_id from event_progress where name = 'minute' on conflict do nothing",
    // Last: they lock the table also where they are there, and would wait for a writer that waits for it.
    'create index if not exists event_blocks_by_time on event_blocks (last_ms, first_row)',
    `create index if not exists event_blocks_small on event_blocks (last_ms) where ${isSmall}`,
    // Whoever writes to a file knows what became of it.
    ...(dialect === 'postgres'
      ? ['create unique index if not exists event_blocks_by_name on event_blocks (name)']
      : []),
  ]
}

/** Makes the tables. Several processes may do this at once. */
export async function prepareEventTables(pool: SqlPool): Promise<void> {
  await pool.write(async (session) => {
    if (pool.dialect === 'postgres') await session.run(`select pg_advisory_xact_lock(${schemaLock})`)
    for (const statement of listTableStatements(pool.dialect)) await session.run(statement)
  })
}

/** The last row that is rolled up. */
export async function readProgress(session: SqlSession): Promise<number> {
  const [row] = await session.all("select row_id from event_progress where name = 'minute'")
  return Number(row?.row_id ?? 0)
}
