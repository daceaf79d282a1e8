import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { SqlDatabase } from '../../contracts/sql-database.ts'
import { migrations } from '../migrations/index.ts'
import { readSchemaVersion } from './schema-version.ts'

/**
 * Applies the missing migrations in one transaction: a process that dies in between leaves the old schema. The write
 * lock is taken before the version is read, so two processes that start at once apply each migration once.
 */
export function migrateDatabase(database: SqlDatabase): void {
  const compiler = createCompiler()
  database.exec('begin immediate')
  try {
    for (const migration of migrations.slice(readSchemaVersion(database))) {
      for (const statement of migration.statements(compiler)) {
        const { sql, parameters } = statement.compile()
        if (parameters.length > 0) throw new Error(`${migration.name}: a migration may not have parameters`)
        database.exec(sql)
      }
    }
    database.exec(`pragma user_version=${migrations.length}`)
    database.exec('commit')
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}

/** Kysely as a compiler only: it never connects. */
export function createCompiler(): Kysely<unknown> {
  return new Kysely<unknown>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (database) => new SqliteIntrospector(database),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
}
