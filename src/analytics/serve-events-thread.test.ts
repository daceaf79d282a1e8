import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { expect, test } from 'vitest'
import type { SqlPool, SqlSession } from '../contracts/sql-pool.ts'
import { noPrices } from './prices.ts'
import { serveEventsThread } from './serve-events-thread.ts'

test('what cannot be rolled up keeps nothing old from being deleted', async () => {
  const asked: string[] = []
  const all = async (sql: string) => {
    asked.push(sql)
    if (asked.length === 1) throw new Error('too large')
    return []
  }
  const session: SqlSession = { all, lists: async () => [], run: async () => 0 }
  const preparing: SqlSession = { ...session, all: async () => [] }
  let writes = 0
  const pool: SqlPool = {
    dialect: 'sqlite',
    read: (work) => work(session),
    // The first one makes the tables.
    write: (work) => work(writes++ === 0 ? preparing : session),
    close: async () => undefined,
  }
  const { port1, port2 } = new MessageChannel()
  serveEventsThread(port1, pool, noPrices)
  port2.postMessage({ id: 1, name: 'maintain', args: [{ eventsMs: 5, rollUpsMs: 5 }] })
  const [answer] = (await once(port2, 'message')) as [unknown]
  expect(answer).toEqual({ id: 1, error: 'too large' })
  expect(asked.some((sql) => sql.includes('last_ms < ?'))).toBe(true)
  port1.close()
})
