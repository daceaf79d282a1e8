import { setTimeout as pause } from 'node:timers/promises'
import type { SqlDatabase, SqlStatement, SqlValue } from '../../contracts/sql-database.ts'
import type { SqlPool, SqlSession } from '../../contracts/sql-pool.ts'
import { type OpenDatabaseOptions, openDatabase } from './open-database.ts'

export interface SqlitePoolOptions {
  /** Refuses to write, and opens nothing for it. */
  readonly readOnly?: boolean
  readonly durability?: OpenDatabaseOptions['durability']
}

/** Two connections to the file at `path`, for reading and for writing, each for one transaction at a time. Every statement holds the thread. */
export function openSqlitePool(path: string, { readOnly = false, durability = 'normal' }: SqlitePoolOptions): SqlPool {
  const writer = readOnly
    ? undefined
    : new Lane(openDatabase(path, { durability, busyTimeoutMs: 0 }), 'begin immediate')
  const reader = new Lane(openDatabase(path, { readOnly: true }), 'begin')
  return {
    dialect: 'sqlite',
    read: (work) => reader.transact(work),
    async write(work) {
      if (writer === undefined) throw new Error(`${path} is open for reading only`)
      return writer.transact(work)
    },
    async close() {
      await Promise.all([reader.close(), writer?.close()])
    },
  }
}

const busy = 5
const busyMs = 5000
const retryMs = 5

/** One connection. Transactions take turns. */
class Lane {
  readonly #database: SqlDatabase
  readonly #begin: string
  readonly #session: SqlSession
  #last: Promise<unknown> = Promise.resolve()

  constructor(database: SqlDatabase, begin: string) {
    this.#database = database
    this.#begin = begin
    this.#session = createSession(database)
  }

  transact<Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => this.#transact(work))
    this.#last = result.catch(() => undefined)
    return result
  }

  async close(): Promise<void> {
    await this.#last
    this.#database.close()
  }

  /** Waits for other writers without holding the thread: they may be on it. */
  async #startTransaction(): Promise<void> {
    const deadline = Date.now() + busyMs
    for (;;) {
      try {
        this.#database.exec(this.#begin)
        return
      } catch (error) {
        if ((error as { errcode?: number }).errcode !== busy || Date.now() > deadline) throw error
        await pause(retryMs)
      }
    }
  }

  async #transact<Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result> {
    await this.#startTransaction()
    try {
      const result = await work(this.#session)
      this.#database.exec('commit')
      return result
    } catch (error) {
      this.#database.exec('rollback')
      throw error
    }
  }
}

/** Statements whose text differs are few: filters are combined from a short list of fields. */
const maxStatements = 200

function createSession(database: SqlDatabase): SqlSession {
  const prepare = rememberStatements((sql) => database.prepare(sql))
  const prepareLists = rememberStatements((sql) => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  })
  return {
    all: async (sql, parameters = []) => prepare(sql).all(...parameters),
    // The rows are what `setReturnArrays` makes of them.
    lists: async (sql, parameters = []) => prepareLists(sql).all(...parameters) as unknown as SqlValue[][],
    run: async (sql, parameters = []) => Number(prepare(sql).run(...parameters).changes),
  }
}

function rememberStatements(prepare: (sql: string) => SqlStatement): (sql: string) => SqlStatement {
  const statements = new Map<string, SqlStatement>()
  return (sql) => {
    const statement = statements.get(sql) ?? prepare(sql)
    if (statements.size >= maxStatements) statements.clear()
    statements.set(sql, statement)
    return statement
  }
}
