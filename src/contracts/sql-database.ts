/** What a column may hold. Booleans are stored as 0 and 1. */
export type SqlValue = null | number | bigint | string | Uint8Array

/** One row, by column name. */
export type SqlRow = { readonly [column: string]: SqlValue }

/** A prepared statement. Parameters are the `?` of its text, in order. */
export interface SqlStatement {
  run(...parameters: SqlValue[]): { readonly changes: number | bigint }
  get(...parameters: SqlValue[]): SqlRow | undefined
  all(...parameters: SqlValue[]): SqlRow[]
  /** From now on rows come as arrays of values, in the order of the columns. */
  setReturnArrays(enabled: boolean): void
}

/** An open SQL database with synchronous calls. Statements are short: every call holds the thread. */
export interface SqlDatabase {
  /** Runs statements without parameters. */
  exec(sql: string): void
  prepare(sql: string): SqlStatement
  close(): void
}
