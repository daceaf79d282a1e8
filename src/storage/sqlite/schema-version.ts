import type { SqlDatabase } from '../../contracts/sql-database.ts'

/** Number of migrations that this file has seen. */
export function readSchemaVersion(database: SqlDatabase): number {
  return Number(database.prepare('pragma user_version').get()?.user_version ?? 0)
}
