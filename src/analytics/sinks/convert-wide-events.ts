import type { SqlDatabase } from '../../contracts/sql-database.ts'
import { contextColumns, type EventColumn, ownColumns } from '../event-columns.ts'

/**
 * Converts the table `events` of older versions to the tables of which `events` is a view now, which `prepare` makes. Rows keep their numbers, which
 * roll-ups know. Some 13 seconds for a million events, once.
 */
export function convertWideEvents(database: SqlDatabase, prepare: () => void): void {
  const isWide = database.prepare("select 1 from sqlite_schema where type = 'table' and name = 'events'").get()
  if (!isWide) {
    prepare()
    return
  }
  database.exec('drop index if exists events_by_time; drop index if exists events_by_reason')
  database.exec('alter table events rename to wide_events')
  prepare()
  const rows = database.prepare('pragma table_info(wide_events)').all()
  for (const statement of copyWideEvents(new Set(rows.map(({ name }) => String(name))))) database.exec(statement)
}

function copyWideEvents(present: ReadonlySet<string>): readonly string[] {
  const names = (columns: readonly EventColumn[]) => columns.map(({ name }) => `"${name}"`).join(', ')
  // Steps had their times in the text, which made each different from all others.
  const isThere = ({ name }: EventColumn) => present.has(name) && name !== 'steps'
  const values = (columns: readonly EventColumn[], prefix = '') =>
    columns.map((column) => (isThere(column) ? `${prefix}"${column.name}"` : missing(column))).join(', ')
  const matches = contextColumns.map((column) => `c."${column.name}" is ${values([column], 'w.')}`).join(' and ')
  return [
    `insert into event_contexts (created_ms, ${names(contextColumns)})
       select ${Date.now()}, * from (select distinct ${values(contextColumns)} from wide_events)`,
    `create index wide_contexts on event_contexts (${names(contextColumns)})`,
    `insert into event_rows (row_id, context_id, ${names(ownColumns)})
       select w.row_id, c.context_id, ${values(ownColumns, 'w.')} from wide_events w join event_contexts c on ${matches}`,
    'drop index wide_contexts',
    // What was deleted had numbers, too.
    `insert into sqlite_sequence (name, seq) select 'event_rows', 0
       where not exists (select 1 from sqlite_sequence where name = 'event_rows')`,
    `update sqlite_sequence set seq = max(seq, (select max(seq) from sqlite_sequence where name = 'wide_events'))
       where name = 'event_rows'`,
    'drop table wide_events',
  ]
}

/** What a version had for a column that it did not know. */
const missing = ({ nullable, sqlType }: EventColumn) => (nullable ? 'null' : sqlType === 'text' ? "''" : '0')
