import type { SqlRow, SqlValue } from './sql-database.ts'

/** Statements within one transaction. Parameters are the `?` of the text, in order. */
export interface SqlSession {
  all(sql: string, parameters?: readonly SqlValue[]): Promise<readonly SqlRow[]>
  /** Rows as values in the order of their columns: for many rows, half the cost. */
  lists(sql: string, parameters?: readonly SqlValue[]): Promise<readonly (readonly SqlValue[])[]>
  /** How many rows were changed. */
  run(sql: string, parameters?: readonly SqlValue[]): Promise<number>
}

/** Connections to a SQL database, SQLite or PostgreSQL. Statements are in what both understand; `dialect` is for what they do not. */
export interface SqlPool {
  readonly dialect: 'sqlite' | 'postgres'
  /** Reads in one snapshot: everything is as it was at one moment. */
  read<Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result>
  /** All or nothing: when `work` rejects, nothing was written. Keep it short, others wait. */
  write<Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}
