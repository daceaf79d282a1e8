import { type CustomTypesConfig, Pool, type PoolClient, types } from 'pg'
import type { SqlRow, SqlValue } from '../../contracts/sql-database.ts'
import type { SqlPool, SqlSession } from '../../contracts/sql-pool.ts'
import type { Secret } from '../../lib/secret.ts'

export interface PostgresPoolOptions {
  /** `postgres://user:password@host:5432/database`; `?sslmode=verify-full` and others as libpq has them. */
  readonly url: Secret
  /** Most connections. */
  readonly connections: number
  /** A statement without an answer after this time fails, and its connection is given up: a database that hangs answers never. Absent: no limit. */
  readonly statementMs?: number | undefined
  /** Told of connections that broke while nobody used them. They are replaced. */
  readonly onError: (error: Error) => void
}

const connectMs = 5000
/** Whoever hangs or is cut off while it holds locks keeps others waiting no longer. No parameter of the connection: poolers refuse those. */
const beginWrite = "begin; set local idle_in_transaction_session_timeout = '10s'"

/** Connections to a PostgreSQL database. None is opened before it is needed. */
export function openPostgresPool({ url, connections, statementMs, onError }: PostgresPoolOptions): SqlPool {
  const pool = new Pool({
    connectionString: url.reveal(),
    max: connections,
    connectionTimeoutMillis: connectMs,
    ...(statementMs !== undefined && { query_timeout: statementMs }),
    application_name: 'sallyport',
    types: { getTypeParser: chooseParser },
  })
  pool.on('error', onError)
  const transact = async <Result>(begin: string, work: (session: SqlSession) => Promise<Result>): Promise<Result> => {
    const client = await pool.connect()
    // The pool listens only while nobody uses the connection, and nobody else would. The statement fails, too, and says so.
    client.on('error', ignore)
    let broken: Error | undefined
    try {
      await client.query(begin)
      const result = await work(createSession(client))
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback').catch((failure: Error) => {
        broken = failure
      })
      throw error
    } finally {
      client.off('error', ignore)
      client.release(broken)
    }
  }
  return {
    dialect: 'postgres',
    read: (work) => transact('begin isolation level repeatable read read only', work),
    write: (work) => transact(beginWrite, work),
    close: () => pool.end(),
  }
}

const ignore = () => undefined

/** Numbers of rows and milliseconds since the epoch are below 2^53. */
const chooseParser: CustomTypesConfig['getTypeParser'] = (type, format) =>
  type === types.builtins.INT8 && format !== 'binary' ? Number : types.getTypeParser(type, format)

function createSession(client: PoolClient): SqlSession {
  const query = (sql: string, parameters: readonly SqlValue[]) =>
    client.query<SqlRow>(numberParameters(sql), [...parameters])
  return {
    all: async (sql, parameters = []) => (await query(sql, parameters)).rows,
    lists: async (sql, parameters = []) => {
      const text = numberParameters(sql)
      return (await client.query<SqlValue[]>({ text, values: [...parameters], rowMode: 'array' })).rows
    },
    run: async (sql, parameters = []) => (await query(sql, parameters)).rowCount ?? 0,
  }
}

/** `?` becomes `$1`, `$2` and so on. No statement has a question mark in a text. */
function numberParameters(sql: string): string {
  let count = 0
  return sql.replaceAll('?', () => `$${++count}`)
}
