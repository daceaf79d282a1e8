import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ConnectionRecord } from '../../src/contracts/storage.ts'
import { openStorage } from '../../src/storage/sqlite/open-storage.ts'
import { connectPerson, followConnectLink } from '../harness/connect-person.ts'
import { callJsonTool, mustCall } from '../harness/connected-call.ts'
import { type KillPoint, type PreloadedFaults, withFaults } from '../harness/gateway-faults.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import type { Fault } from '../harness/protected-upstream/behaviour.ts'
import {
  type ProtectedUpstream,
  startProtectedUpstream,
} from '../harness/protected-upstream/start-protected-upstream.ts'
import { seedConnections } from '../harness/seed-connections.ts'
import { findFreePort, type SpawnedGateway, spawnGateway } from '../harness/spawn-gateway.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { createProject, signIn } from '../harness/write-project.ts'

// The gateway is killed at every step of connecting and of refreshing: before and after each write to the store, and while the upstream
// holds an answer. What must hold afterwards: a whole connection or none, never a part of one; a token that was stored is not lost.
// Each of them starts two or three gateways.
vi.setConfig({ testTimeout: 90_000 })

let upstream: ProtectedUpstream
let directory: string
let port: number
beforeEach(async () => {
  upstream = await startProtectedUpstream()
  port = await findFreePort()
  directory = await createProject({
    settings: { listen: { port } },
    servers: { echo: { upstream: upstream.mcpUrl, inbound: ['sign-in', 'account'] } },
    policies: {
      ...signIn(),
      account: ['mcp-token-exchange-inbound', { id: 'echo', displayName: 'Echo', authMode: 'user-oauth' }],
    },
  })
})
afterEach(async () => {
  await upstream.stop()
  await rm(directory, { recursive: true, force: true })
})

const server = () => `http://127.0.0.1:${port}/mcp/echo`
const start = (faults: PreloadedFaults = {}): Promise<SpawnedGateway> =>
  spawnGateway(directory, port, 'dev', withFaults(faults))

/** The token for the gateway, which outlives it. */
const signInPerson = async (): Promise<string> =>
  (await obtainToken(`http://127.0.0.1:${port}`, server(), 'ada')).accessToken

const whoami = (token: string): Promise<unknown> => mustCall(server(), token, 'whoami')

const linkFor = async (token: string): Promise<string> => {
  const answer = await callJsonTool(server(), token, 'whoami')
  if ('link' in answer) return answer.link
  throw new Error('connected already')
}

/** A connection that was made before, without the writes of a sign-in. */
const seedAccount = async (account: string): Promise<readonly ConnectionRecord[]> => {
  const [tokens] = await upstream.mint([account], 'an-earlier-client')
  const key = { tenant: 'default', upstream: 'echo', owner: 'subject:ada' }
  const credential = {
    kind: 'oauth' as const,
    accessToken: tokens?.access_token ?? '',
    refreshToken: tokens?.refresh_token,
    expiresAtMs: undefined,
    obtainedAtMs: Date.now(),
    scopes: ['read'],
    issuer: upstream.issuer,
    resource: upstream.mcpUrl,
    tokenEndpoint: `${upstream.issuer}/token`,
    clientId: 'an-earlier-client',
    clientAuthMethod: undefined,
    url: upstream.mcpUrl,
  }
  await seedConnections(join(directory, 'data'), [{ key, credential }])
  return storedConnections()
}

const storedConnections = async (): Promise<readonly ConnectionRecord[]> => {
  const storage = await openStorage(join(directory, 'data'))
  const records = await storage.connections.list({ limit: 10 })
  await storage.close()
  return records
}

const ended = (gateway: SpawnedGateway) =>
  waitUntil('the gateway is dead', () => gateway.process.signalCode === 'SIGKILL')

/** A write to the store, or a request that the upstream holds while the gateway is killed. */
type Death = { readonly kill: KillPoint } | { readonly hold: Fault }

/** Does something that the gateway does not survive. */
async function dieDuring(gateway: SpawnedGateway, death: Death, act: () => Promise<unknown>): Promise<void> {
  const outcome = act().then(
    (value) => new Error(`the gateway lived and answered ${JSON.stringify(value)}`),
    () => undefined,
  )
  if ('hold' in death) {
    await upstream.waitForHeld(1)
    await gateway.kill9()
    await upstream.release()
  }
  const survived = await outcome
  if (survived) throw survived
  await ended(gateway)
}

const write = (when: KillPoint['when'], statement: string, parameter?: string): Death => ({
  kill: { when, statement, ...(parameter !== undefined && { parameter }) },
})
const record = 'insert into oauth_records'
const consumed = 'update oauth_records set consumed_at_ms'

const connecting: readonly { readonly name: string; readonly death: Death; readonly connected: boolean }[] = [
  {
    name: 'the registration is made and not yet stored',
    death: write('before', 'insert into upstream_clients'),
    connected: false,
  },
  { name: 'the registration is stored', death: write('after', 'insert into upstream_clients'), connected: false },
  {
    name: 'the link is about to be used up',
    death: write('before', record, 'ConnectTicket'),
    connected: false,
  },
  { name: 'the link is used up', death: write('after', consumed, 'ConnectTicket'), connected: false },
  {
    name: 'the sign-in under way is about to be stored',
    death: write('before', record, 'UpstreamConnect'),
    connected: false,
  },
  { name: 'the sign-in under way is stored', death: write('after', record, 'UpstreamConnect'), connected: false },
  { name: 'the answer is about to be used up', death: write('before', consumed, 'UpstreamConnect'), connected: false },
  { name: 'the answer is used up', death: write('after', consumed, 'UpstreamConnect'), connected: false },
  { name: 'the code is on its way', death: { hold: { at: 'token', when: 'before', do: 'hold' } }, connected: false },
  {
    name: 'the tokens are on their way',
    death: { hold: { at: 'token', when: 'after', do: 'hold' } },
    connected: false,
  },
  {
    name: 'the tokens are here and not yet stored',
    death: write('before', 'insert into connections'),
    connected: false,
  },
  { name: 'the connection is stored', death: write('after', 'insert into connections'), connected: true },
]

describe('kill -9 while a person connects', () => {
  it.each(connecting)('$name', async ({ death, connected }) => {
    const first = await start('kill' in death ? { kill: death.kill } : {})
    const token = await signInPerson()
    const link = await linkFor(token)
    if ('hold' in death) await upstream.setBehaviour({ faults: [death.hold] })
    await dieDuring(first, death, async () => (await followConnectLink(link, { subject: 'ada' })).text)
    await upstream.setBehaviour({ faults: [] })
    const records = await storedConnections()
    expect(records.map(({ state }) => state)).toEqual(connected ? ['connected'] : [])

    const second = await start()
    if (!connected) await connectPerson(await linkFor(token), { subject: 'ada' })
    expect(await whoami(token)).toMatchObject({ account: expect.stringMatching(/^account-/) })
    expect(await storedConnections()).toHaveLength(1)
    await second.kill9()
  })
})

const reconnecting: readonly { readonly name: string; readonly death: Death; readonly account: string }[] = [
  {
    name: 'the new connection is about to be stored',
    death: write('before', 'insert into connections'),
    account: 'earlier-account',
  },
  {
    name: 'the new connection is written, and the end of the old one not yet',
    death: write('before', 'insert into revocations'),
    account: 'earlier-account',
  },
  { name: 'both are stored', death: write('after', 'insert into revocations'), account: 'account-1' },
]

describe('kill -9 while a person connects another account', () => {
  it.each(reconnecting)('$name', async ({ death, account }) => {
    const first = await start('kill' in death ? { kill: death.kill } : {})
    const token = await signInPerson()
    const [connection] = await seedAccount('earlier-account')
    expect(await whoami(token)).toMatchObject({ account: 'earlier-account' })
    const page = `http://127.0.0.1:${port}/auth/connections/echo/connect`
    await dieDuring(first, death, async () => (await followConnectLink(page, { subject: 'ada' })).text)
    const [stored, ...more] = await storedConnections()
    expect(more).toEqual([])
    expect(stored?.id === connection?.id).toBe(account === 'earlier-account')

    const second = await start()
    expect(await whoami(token)).toMatchObject({ account })
    await second.kill9()
  })
})

interface RefreshDeath {
  readonly name: string
  readonly death: Death
  /** The connection goes on without the person, where refresh tokens rotate. */
  readonly survives: boolean
}

const lease = 'update connections set lease_holder'
const refreshing: readonly RefreshDeath[] = [
  { name: 'before the lease', death: write('before', lease), survives: true },
  { name: 'with the lease, before the request', death: write('after', lease), survives: true },
  // Rotated at the upstream, and nobody ever saw the new token: only the person can help, unless the upstream forgives a second use.
  {
    name: 'while the answer is on its way',
    death: { hold: { at: 'token', when: 'after', do: 'hold' } },
    survives: false,
  },
  {
    name: 'with the new token, before it is stored',
    death: write('before', 'update connections set generation'),
    survives: false,
  },
  { name: 'once the new token is stored', death: write('after', 'update connections set generation'), survives: true },
]
/** Ahead of the lease of a holder that died. Milliseconds. */
const afterLease = 41_000

describe('kill -9 during a refresh', () => {
  /** A connected person whose token is over by the time of the next call. */
  const connectWithOldToken = async (): Promise<string> => {
    await upstream.setBehaviour({ primary: { expiresIn: 1 } })
    const gateway = await start()
    const token = await signInPerson()
    await connectPerson(await linkFor(token), { subject: 'ada' })
    await gateway.kill9()
    const [connection] = await storedConnections()
    await waitUntil('the token is over', () => Date.now() > (connection?.expiresAtMs ?? Number.POSITIVE_INFINITY))
    await upstream.setBehaviour({ primary: { expiresIn: true } })
    return token
  }

  const die = async (token: string, death: Death): Promise<void> => {
    if ('hold' in death) await upstream.setBehaviour({ faults: [death.hold] })
    await dieDuring(await start('kill' in death ? { kill: death.kill } : {}), death, () => whoami(token))
    await upstream.setBehaviour({ faults: [] })
    expect(await storedConnections()).toMatchObject([{ state: 'connected' }])
  }

  it.each(refreshing)('$name, rotating refresh tokens', async ({ death, survives }) => {
    const token = await connectWithOldToken()
    await die(token, death)
    const gateway = await start({ clockOffsetMs: afterLease })
    if (!survives) {
      const link = await linkFor(token)
      expect(await storedConnections()).toMatchObject([
        { state: 'reconsent_required', stateReason: 'connection_reconsent_required' },
      ])
      await connectPerson(link, { subject: 'ada' })
    }
    expect(await whoami(token)).toMatchObject({ account: `account-${survives ? 1 : 2}` })
    const { refreshTokensReused, refreshTokensPresented } = (await upstream.counts()).primary
    expect({ refreshTokensReused, refreshTokensPresented }).toEqual(
      survives
        ? { refreshTokensReused: 0, refreshTokensPresented: 1 }
        : { refreshTokensReused: 1, refreshTokensPresented: 2 },
    )
    await gateway.kill9()
  })

  const forgiving = {
    'that stay': { refreshTokens: 'keep' },
    'that may be used again': { onReuse: 'forgive' },
  } as const
  const lost = refreshing.filter(({ survives }) => !survives)

  it.each(
    Object.entries(forgiving).flatMap(([kind, behaviour]) =>
      lost.map(({ name, death }) => ({ name, kind, death, behaviour })),
    ),
  )('$name, refresh tokens $kind: nothing is lost', async ({ death, behaviour }) => {
    const token = await connectWithOldToken()
    await upstream.setBehaviour({ primary: behaviour })
    await die(token, death)
    const gateway = await start({ clockOffsetMs: afterLease })
    expect(await whoami(token)).toMatchObject({ account: 'account-1' })
    await gateway.kill9()
  })

  it('presents a new token to the upstream only after it is stored', async () => {
    const token = await connectWithOldToken()
    const earlier = new Set(await upstream.secrets())
    await upstream.takeRequests()
    await die(token, write('before', 'update connections set generation'))
    const fresh = (await upstream.secrets()).filter((secret) => !earlier.has(secret))
    expect(fresh).toHaveLength(2)
    const presented = (await upstream.takeRequests()).map(({ headers }) => String(headers['authorization']))
    expect(presented.filter((value) => fresh.some((secret) => value.includes(secret)))).toEqual([])
  })

  it('a holder that died holds nobody up beyond its lease', async () => {
    const token = await connectWithOldToken()
    await die(token, write('after', lease))
    const gateway = await start({ clockOffsetMs: afterLease - 4000 })
    const startedAt = performance.now()
    expect(await whoami(token)).toMatchObject({ account: 'account-1' })
    expect(performance.now() - startedAt).toBeLessThan(15_000)
    await gateway.kill9()
  })
})
