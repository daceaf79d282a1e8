import type { SqlDatabase } from '../../contracts/sql-database.ts'

/** Runs synchronous statements as one transaction that holds the write lock from its beginning: all of them happen, or none. */
export function runTransaction<T>(database: SqlDatabase, statements: () => T): T {
  database.exec('begin immediate')
  try {
    const result = statements()
    database.exec('commit')
    return result
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}
