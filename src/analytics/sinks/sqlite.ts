import type { EventSink } from '../../contracts/event-sink.ts'
import type { SqlDatabase, SqlStatement, SqlValue } from '../../contracts/sql-database.ts'
import { ContextIndex } from '../context-index.ts'
import type { GatewayEvent } from '../event.ts'
import { contextColumns, type EventColumn, findPlaces, listValues, ownColumns } from '../event-columns.ts'
import { groupFields, type PresentColumns, planEventTables } from '../event-tables.ts'
import { convertWideEvents } from './convert-wide-events.ts'

/** Rows of one insert. Larger gains nothing: binding the values is most of the cost. */
const rowsPerInsert = 16

const ownPlaces = findPlaces(ownColumns)
const contextPlaces = findPlaces(contextColumns)

/**
 * Writes events to the tables of the view `events` of a database of its own, each batch in one transaction. The tables are created, or
 * widened by new fields, here. The sink owns the database and closes it.
 */
export function createSqliteSink(database: SqlDatabase): EventSink<GatewayEvent> {
  prepareTables(database)
  const insertMany = prepareInsert(database, rowsPerInsert)
  const insertOne = prepareInsert(database, 1)
  const insertContext = database.prepare(
    `insert into event_contexts (created_ms, ${listNames(contextColumns)}) values (?, ${listMarks(contextColumns)}) returning context_id`,
  )
  const contexts = new ContextIndex()
  const findContext = (values: readonly SqlValue[]) => {
    const context = contexts.find(values)
    if (context.id === undefined) {
      const row = insertContext.get(Date.now(), ...contextPlaces.map((place) => values[place] ?? null))
      context.id = Number(row?.context_id)
    }
    return context.id
  }
  const begin = database.prepare('begin immediate')
  const commit = database.prepare('commit')
  const rollback = database.prepare('rollback')
  return {
    name: 'sqlite',
    write(events) {
      contexts.renew()
      begin.run()
      try {
        insertEvents(events, findContext, insertMany, insertOne)
        commit.run()
      } catch (error) {
        contexts.clear()
        rollback.run()
        throw error
      }
    },
    close() {
      database.close()
    },
  }
}

function insertEvents(
  events: readonly GatewayEvent[],
  findContext: (values: readonly SqlValue[]) => number,
  insertMany: SqlStatement,
  insertOne: SqlStatement,
): void {
  const whole = events.length - (events.length % rowsPerInsert)
  let row: SqlValue[] = []
  for (const [index, event] of events.entries()) {
    const values = listValues(event)
    row.push(findContext(values))
    for (const place of ownPlaces) row.push(values[place] ?? null)
    const isComplete = index >= whole || (index + 1) % rowsPerInsert === 0
    if (!isComplete) continue
    const statement = index < whole ? insertMany : insertOne
    statement.run(...row)
    row = []
  }
}

const listNames = (columns: readonly EventColumn[]) => columns.map(({ name }) => `"${name}"`).join(', ')
const listMarks = (columns: readonly EventColumn[]) => columns.map(() => '?').join(', ')

function prepareInsert(database: SqlDatabase, rows: number): SqlStatement {
  const row = `(?, ${listMarks(ownColumns)})`
  return database.prepare(
    `insert into event_rows (context_id, ${listNames(ownColumns)}) values ${Array(rows).fill(row).join(', ')}`,
  )
}

function prepareTables(database: SqlDatabase): void {
  database.exec('begin immediate')
  try {
    convertWideEvents(database, () => {
      for (const statement of planEventTables('sqlite', listPresent(database))) database.exec(statement)
    })
    database.exec('commit')
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}

function listPresent(database: SqlDatabase): PresentColumns {
  const rows = database
    .prepare(
      `select t.name, c.name as field from pragma_table_list t join pragma_table_info(t.name) c where t.schema = 'main'
       order by t.name, c.cid`,
    )
    .all()
  return groupFields(rows)
}
