import type { Compilable, Kysely } from 'kysely'

/**
 * One step of the schema. Steps are applied in the order of the list, each exactly once, and are never edited after a
 * release: a change is a new step. They use only types that SQLite and PostgreSQL share: text (also for JSON), bigint
 * for milliseconds, integer for flags.
 */
export interface Migration {
  readonly name: string
  statements(database: Kysely<unknown>): readonly Compilable[]
}
