import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { expect, it } from 'vitest'
import { openStorage } from '../../src/storage/sqlite/open-storage.ts'
import { startJwtIssuer } from '../harness/jwt-issuer.ts'
import {
  type ProtectedUpstream,
  startProtectedUpstream,
} from '../harness/protected-upstream/start-protected-upstream.ts'
import { seedConnections } from '../harness/seed-connections.ts'
import { findFreePort, spawnGateway } from '../harness/spawn-gateway.ts'
import { createProject, type TestPolicy, type TestProject } from '../harness/write-project.ts'

const people = Array.from({ length: 200 }, (_, index) => `person-${index}`)
const upstreamCount = 5
const gatewayCount = 3
const client = { clientId: 'gateway', clientSecret: 'secret-of-the-gateway-at-all-upstreams' }

it('200 people, 5 upstreams, 3 processes: every refresh token is used once, nobody is disconnected', async () => {
  const issuer = await startJwtIssuer()
  const upstreams = await Promise.all(
    Array.from({ length: upstreamCount }, () =>
      startProtectedUpstream({ behaviour: { primary: { registration: 'manual', manualClients: [client] } } }),
    ),
  )
  const ports = await Promise.all(Array.from({ length: gatewayCount }, findFreePort))
  const publicUrl = `http://127.0.0.1:${ports[0]}`
  const data = join(await createProject({ servers: {} }), 'data')
  const directories: string[] = []
  for (const port of ports) {
    directories.push(await createProject(projectAt(port, publicUrl, data, upstreams, issuer.url)))
  }
  // The first makes the store and its keys.
  const start = (index: number) => spawnGateway(directories[index] ?? '', ports[index] ?? 0, 'dev')
  const first = await start(0)
  await Promise.all(upstreams.map((upstream, index) => seed(upstream, `upstream-${index}`, data)))
  const gateways = [first, await start(1), await start(2)]

  const tokens = new Map(await Promise.all(people.map(async (sub) => [sub, await issuer.sign({ sub })] as const)))
  const agent = new Agent({ connections: 40 })
  const call = async (person: string, upstream: number, port: number): Promise<string> => {
    const headers = {
      host: new URL(publicUrl).host,
      authorization: `Bearer ${tokens.get(person)}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    }
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }
    const url = `http://127.0.0.1:${port}/mcp/upstream-${upstream}`
    const options = { method: 'POST', headers, body: JSON.stringify(message), dispatcher: agent } as const
    const answer = await request(url, { ...options, headersTimeout: 120_000 })
    const text = await answer.body.text()
    return /\\"account\\":\\"([^"\\]+)/.exec(text)?.[1] ?? `${answer.statusCode}: ${text}`
  }

  const calls = people.flatMap((person) =>
    upstreams.flatMap((_, upstream) => ports.map((port) => ({ person, upstream, port }))),
  )
  const accounts = await Promise.all(
    calls.map(async ({ person, upstream, port }) => ({ person, account: await call(person, upstream, port) })),
  )
  expect(accounts.filter(({ person, account }) => account !== person)).toEqual([])
  for (const upstream of upstreams) {
    const { primary } = await upstream.counts()
    expect(primary).toMatchObject({ refreshTokensPresented: 200, refreshTokensReused: 0, grantsKilled: 0 })
    expect(await upstream.liveAccounts()).toHaveLength(200)
  }
  const storage = await openStorage(data)
  const records = await storage.connections.list({ limit: 2000 })
  await storage.close()
  expect(records).toHaveLength(people.length * upstreamCount)
  expect(records.filter(({ state, generation }) => state !== 'connected' || generation !== 2)).toEqual([])

  await Promise.all([...gateways.map((gateway) => gateway.kill9()), ...upstreams.map((upstream) => upstream.stop())])
  await Promise.all([agent.close(), issuer.close()])
  for (const directory of [...directories, join(data, '..')]) await rm(directory, { recursive: true })
}, 180_000)

/** Three projects that differ in their port alone: processes of one gateway behind a load balancer. */
function projectAt(
  port: number,
  publicUrl: string,
  data: string,
  upstreams: readonly ProtectedUpstream[],
  issuer: string,
): TestProject {
  const options = { issuer, audience: 'gateway', subjectMapping: 'sub_id_only' }
  const account = (index: number): TestPolicy => [
    'mcp-token-exchange-inbound',
    {
      id: `upstream-${index}`,
      displayName: `Upstream ${index}`,
      authMode: 'user-oauth',
      clientRegistration: { mode: 'manual', ...client },
    },
  ]
  return {
    settings: {
      publicUrl,
      listen: { port },
      storage: { directory: data },
      vault: { keyFile: join(data, 'vault.keys') },
    },
    servers: Object.fromEntries(
      upstreams.map(({ mcpUrl }, index) => [
        `upstream-${index}`,
        { upstream: mcpUrl, inbound: ['jwt', `account-${index}`] },
      ]),
    ),
    policies: {
      jwt: ['open-id-jwt-auth-inbound', options],
      ...Object.fromEntries(upstreams.map((_, index) => [`account-${index}`, account(index)])),
    },
  }
}

/** Connects everybody an hour ago. Half of the tokens are over by the clock, the other half are refused by the upstream. */
async function seed(upstream: ProtectedUpstream, id: string, data: string): Promise<void> {
  const minted = await upstream.mint(people, client.clientId)
  const hourAgo = Date.now() - 3_600_000
  const connections = minted.map(({ access_token, refresh_token }, index) => ({
    key: { tenant: 'default', upstream: id, owner: `subject:${people[index]}` },
    credential: {
      kind: 'oauth' as const,
      accessToken: access_token,
      refreshToken: refresh_token,
      expiresAtMs: index % 2 === 0 ? Date.now() - 1000 : undefined,
      obtainedAtMs: hourAgo,
      scopes: ['read'],
      issuer: upstream.issuer,
      resource: upstream.mcpUrl,
      tokenEndpoint: `${upstream.issuer}/token`,
      clientId: client.clientId,
      url: upstream.mcpUrl,
    },
  }))
  await seedConnections(data, connections)
  await upstream.expireAccess()
}
