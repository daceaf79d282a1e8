import { execFileSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GatewayEvent } from '../../src/analytics/event.ts'
import { startGateway } from '../../src/gateway.ts'
import { callTool } from '../harness/post-message.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../harness/postgres.ts'
import { runCli } from '../harness/run-cli.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { createProject } from '../harness/write-project.ts'

const isInstalled = findPostgres() !== undefined
if (!isInstalled && process.env.CI) throw new Error('PostgreSQL is not installed; .ci/run should have done that')
if (!isInstalled)
  console.warn('!! PostgreSQL is not installed: events in it are SKIPPED (apt-get install postgresql-15)')

let upstream: EchoUpstream
let postgres: PostgresServer | undefined
beforeAll(async () => {
  upstream = await startEchoUpstream()
  if (isInstalled) postgres = await startPostgres(['fsync=off'])
})
afterAll(async () => {
  await upstream.close()
  await postgres?.close()
})

async function callOnce(directory: string): Promise<string> {
  const gateway = await startGateway({ projectDirectory: directory, mode: 'dev' })
  const { headers, status } = await callTool(`${gateway.publicUrl}/mcp/echo`, '', 'echo')
  expect(status).toBe(200)
  await gateway.close()
  return String(headers['x-request-id'])
}

async function readPrinted(directory: string, ...options: string[]): Promise<GatewayEvent[]> {
  const { out } = await runCli('events', directory, '--json', '--limit', '1000', ...options)
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as GatewayEvent)
}

describe('a store that an earlier version wrote', () => {
  test('is opened, widened, and read together with what is new', async () => {
    const directory = await createProject({ servers: { echo: { upstream: upstream.url, inbound: [] } } })
    await mkdir(join(directory, 'data'))
    const old = new DatabaseSync(join(directory, 'data/events.db'))
    // As 0.1.0 made it: without team, resultTokens, via and steps.
    old.exec(`
      create table events (row_id integer primary key autoincrement, "id" text not null, "time" integer not null,
        "type" text not null, "requestId" text not null, "traceId" text, "tenant" text not null, "virtualServer" text,
        "upstream" text, "subject" text, "clientId" text, "clientName" text, "clientVersion" text, "clientProtocol" text,
        "upstreamProtocol" text, "method" text, "capabilityType" text, "capability" text, "outcome" text not null,
        "failureOrigin" text, "reason" text, "credentialMode" text, "policy" text, "httpStatus" integer,
        "jsonRpcCode" integer, "latencyMs" real, "upstreamMs" real, "bytesIn" integer, "bytesOut" integer,
        "cached" integer not null, "detail" text);
      create index events_by_time on events (time);
      create index events_by_reason on events (reason, time) where reason is not null;
      insert into events (id, time, type, requestId, tenant, virtualServer, outcome, cached)
        values ('00112233445566778899aabbccddeeff', ${Date.now() - 60_000}, 'capability_completed', 'old', 'default', 'echo', 'success', 0)`)
    old.close()
    const requestId = await callOnce(directory)
    const printed = await readPrinted(directory)
    expect(printed.map((event) => event.requestId)).toEqual(expect.arrayContaining(['old', requestId]))
    expect(printed.find((event) => event.requestId === 'old')).toMatchObject({ team: null, resultTokens: null })
    expect(printed.find((event) => event.requestId === requestId)?.resultTokens).toBeGreaterThan(0)
    await rm(directory, { recursive: true })
  })
})

describe('`sallyport events --where`', () => {
  test('prints events that fit, and says which fields there are', async () => {
    const directory = await createProject({ servers: { echo: { upstream: upstream.url, inbound: [] } } })
    const requestId = await callOnce(directory)
    const found = await readPrinted(directory, '--where', 'virtualServer=echo', '--where', 'family=traffic')
    expect(found.map((event) => event.requestId)).toEqual([requestId])
    expect(await readPrinted(directory, '--where', 'outcome=failure')).toEqual([])
    expect((await runCli('events', directory, '--where', 'server=echo')).errors).toContain('virtualServer')
    await rm(directory, { recursive: true })
  })
})

describe.runIf(isInstalled)('events in PostgreSQL', () => {
  test('are written by the gateway and by the command line, and printed', async () => {
    const url = (await postgres?.createDatabase())?.reveal() ?? ''
    const directory = await createProject({
      settings: { events: { store: 'postgres', postgres: { url: '$env(EVENTS_URL)' } } },
      servers: { echo: { upstream: upstream.url, inbound: ['keys'] }, open: { upstream: upstream.url, inbound: [] } },
      policies: { keys: ['api-key-inbound', {}] },
    })
    await writeFile(join(directory, '.env'), `EVENTS_URL=${url}\n`)
    const gateway = await startGateway({ projectDirectory: directory, mode: 'dev' })
    const { headers } = await callTool(`${gateway.publicUrl}/mcp/open`, '', 'echo')
    await runCli('keys', 'create', 'billing', directory)
    const printed = await waitUntil('both events', async () => {
      const events = await readPrinted(directory)
      const isThere = (matches: (event: GatewayEvent) => boolean) => events.some(matches)
      return isThere(({ requestId }) => requestId === headers['x-request-id']) &&
        isThere(({ type }) => type === 'auth_key_created')
        ? events
        : undefined
    })
    expect(printed.length).toBeGreaterThanOrEqual(2)
    await gateway.close()
    // Nothing is left in the file that other projects have.
    expect(execFileSync('ls', [join(directory, 'data')], { encoding: 'utf8' })).not.toContain('events.db')
    await rm(directory, { recursive: true })
  })

  test('a database that is not there costs no call', async () => {
    const directory = await createProject({
      settings: { events: { store: 'postgres', postgres: { url: 'postgres://nobody@127.0.0.1:9/none' } } },
      servers: { echo: { upstream: upstream.url, inbound: [] } },
    })
    const gateway = await startGateway({ projectDirectory: directory, mode: 'dev' })
    expect((await callTool(`${gateway.publicUrl}/mcp/echo`, '', 'echo')).status).toBe(200)
    await gateway.close()
    await rm(directory, { recursive: true })
  })
})
