import type { EventSink } from '../../contracts/event-sink.ts'
import type { SqlDatabase, SqlStatement, SqlValue } from '../../contracts/sql-database.ts'
import { type GatewayEvent } from '../event.ts'
import { appendValues, type EventColumn, eventColumns } from '../event-columns.ts'

/** Rows of one insert. Larger gains nothing: binding the values is most of the cost. */
const rowsPerInsert = 16

/**
 * Writes events to the table `events` of a database of its own, each batch in one transaction. The table is created, or
 * widened by new fields, here. The sink owns the database and closes it.
 */
export function createSqliteSink(database: SqlDatabase): EventSink<GatewayEvent> {
  prepareTable(database)
  const insertMany = prepareInsert(database, rowsPerInsert)
  const insertOne = prepareInsert(database, 1)
  const begin = database.prepare('begin immediate')
  const commit = database.prepare('commit')
  const rollback = database.prepare('rollback')
  return {
    name: 'sqlite',
    write(events) {
      begin.run()
      try {
        insertEvents(events, insertMany, insertOne)
        commit.run()
      } catch (error) {
        rollback.run()
        throw error
      }
    },
    close() {
      database.close()
    },
  }
}

function insertEvents(events: readonly GatewayEvent[], insertMany: SqlStatement, insertOne: SqlStatement): void {
  let values: SqlValue[] = []
  const whole = events.length - (events.length % rowsPerInsert)
  for (const [index, event] of events.entries()) {
    appendValues(values, event)
    const complete = index >= whole || (index + 1) % rowsPerInsert === 0
    if (!complete) continue
    const statement = index < whole ? insertMany : insertOne
    statement.run(...values)
    values = []
  }
}

function prepareInsert(database: SqlDatabase, rows: number): SqlStatement {
  const names = eventColumns.map((column) => quote(column.name)).join(', ')
  const row = `(${eventColumns.map(() => '?').join(', ')})`
  return database.prepare(`insert into events (${names}) values ${Array(rows).fill(row).join(', ')}`)
}

/**
 * The only indexes are those that grow at their end or stay small. Indexes by subject or virtual server more than
 * double the cost of an event; such questions scan the time range they ask about.
 */
function prepareTable(database: SqlDatabase): void {
  const columns = eventColumns.map((column) => `${declare(column)}${column.nullable ? '' : ' not null'}`).join(', ')
  database.exec('begin immediate')
  try {
    // autoincrement: a follower that remembers the last row must never meet its number again after retention.
    database.exec(`create table if not exists events (row_id integer primary key autoincrement, ${columns})`)
    for (const column of findMissingColumns(database)) database.exec(`alter table events add column ${declare(column)}`)
    database.exec('create index if not exists events_by_time on events (time)')
    database.exec('create index if not exists events_by_reason on events (reason, time) where reason is not null')
    database.exec('commit')
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}

function findMissingColumns(database: SqlDatabase): readonly EventColumn[] {
  const present = new Set(
    database
      .prepare('pragma table_info(events)')
      .all()
      .map((row) => row.name),
  )
  return eventColumns.filter((column) => !present.has(column.name))
}

const quote = (name: string) => `"${name}"`
const declare = (column: EventColumn) => `${quote(column.name)} ${column.sqlType}`
