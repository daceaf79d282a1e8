import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openEventStore } from '../../src/analytics/database-event-store.ts'
import { noPrices } from '../../src/analytics/prices.ts'
import type { SqlPool } from '../../src/contracts/sql-pool.ts'
import { Secret } from '../../src/lib/secret.ts'
import { openPostgresPool } from '../../src/storage/postgres/postgres-pool.ts'
import { openSqlitePool } from '../../src/storage/sqlite/sqlite-pool.ts'
import { callTool } from '../harness/post-message.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../harness/postgres.ts'
import { findFreePort, type SpawnedGateway, spawnGateway } from '../harness/spawn-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { createProject } from '../harness/write-project.ts'

const isInstalled = findPostgres() !== undefined
if (!isInstalled && process.env.CI) throw new Error('PostgreSQL is not installed; .ci/run should have done that')
if (!isInstalled)
  console.warn('!! PostgreSQL is not installed: events in it are SKIPPED (apt-get install postgresql-15)')

let upstream: EchoUpstream
let postgres: PostgresServer | undefined
beforeAll(async () => {
  upstream = await startEchoUpstream()
  if (isInstalled) postgres = await startPostgres()
})
afterAll(async () => {
  await upstream.close()
  await postgres?.close()
})

/** An answer that a client has in full. */
interface Answered {
  readonly requestId: string
  readonly atMs: number
}

let directory: string
let gateway: SpawnedGateway | undefined
afterEach(async () => {
  await gateway?.kill9()
  await rm(directory, { recursive: true, force: true })
})

/** Several flush intervals. */
const callMs = 1300

/** Calls without a pause, kills the gateway in between, and says what clients had by then and since when. */
async function callUntilKilled(settings: object, environment: Record<string, string>, rounds: number) {
  const port = await findFreePort()
  directory = await createProject({
    settings: { listen: { port }, events: settings },
    servers: { echo: { upstream: upstream.url, inbound: [] } },
  })
  const answered: Answered[] = []
  const killedAtMs: number[] = []
  for (let round = 0; round < rounds; round++) {
    gateway = await spawnGateway(directory, port, 'dev', environment)
    const callers = Array.from({ length: 8 }, () => keepCalling(`http://127.0.0.1:${port}/mcp/echo`, answered))
    const target = answered.length + 150 + round * 37
    const startedAtMs = performance.now()
    const isDue = () => answered.length >= target && performance.now() - startedAtMs >= callMs
    await expect.poll(isDue, { timeout: 20_000, interval: 1 }).toBe(true)
    killedAtMs.push(performance.now())
    await gateway.kill9()
    await Promise.all(callers)
  }
  return { answered, killedAtMs }
}

async function keepCalling(url: string, answered: Answered[]): Promise<void> {
  try {
    for (;;) {
      const { headers } = await callTool(url, '', 'echo')
      answered.push({ requestId: String(headers['x-request-id']), atMs: performance.now() })
    }
  } catch {
    // The gateway was killed: expected, and the only way out.
  }
}

async function readRequestIds(pool: SqlPool): Promise<ReadonlySet<string>> {
  const store = openEventStore({ pool, prices: () => noPrices, clock: Date.now })
  const ids = new Set<string>()
  let before: string | undefined
  do {
    const page = await store.rows({ family: 'traffic' }, { limit: 1000, before })
    for (const { event } of page.items) ids.add(event.requestId)
    before = page.next
  } while (before !== undefined)
  await store.close()
  return ids
}

const openSqlite = () => openSqlitePool(join(directory, 'data/events.db'), { readOnly: true })
const openPostgres = (url: Secret) => openPostgresPool({ url, connections: 1, onError: () => {} })

describe('kill -9', () => {
  test('loses at most the events of the last flush interval', async () => {
    const flushMilliseconds = 400
    const { answered, killedAtMs } = await callUntilKilled({ flushMilliseconds }, {}, 2)
    const stored = await readRequestIds(openSqlite())
    const lost = answered.filter(({ requestId }) => !stored.has(requestId))
    // A busy machine runs the timer late.
    const agesMs = lost.map(({ atMs }) =>
      Math.min(...killedAtMs.filter((each) => each >= atMs - 50).map((each) => each - atMs)),
    )
    expect(agesMs.filter((age) => age > flushMilliseconds + 400)).toEqual([])
    expect(stored.size).toBeGreaterThan(150)
  }, 60_000)

  test('with `durable`, no event of which a client has the answer', async () => {
    // So long that nothing would be there without it.
    const { answered } = await callUntilKilled({ durable: true, flushMilliseconds: 60_000 }, {}, 3)
    const stored = await readRequestIds(openSqlite())
    expect(answered.filter(({ requestId }) => !stored.has(requestId))).toEqual([])
  }, 60_000)

  test.runIf(isInstalled)(
    'with `durable`, none in PostgreSQL either',
    async () => {
      const url = await postgres?.createDatabase()
      const settings = {
        durable: true,
        flushMilliseconds: 60_000,
        store: 'postgres',
        postgres: { url: '$env(EVENTS_URL)' },
      }
      const { answered } = await callUntilKilled(settings, { EVENTS_URL: url?.reveal() ?? '' }, 2)
      const stored = await readRequestIds(openPostgres(url ?? new Secret('')))
      expect(answered.length).toBeGreaterThan(300)
      expect(answered.filter(({ requestId }) => !stored.has(requestId))).toEqual([])
    },
    60_000,
  )
})
