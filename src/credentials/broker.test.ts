import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type BrokerProcess,
  type BrokerWorld,
  callBy,
  createBrokerWorld,
  credentialOf,
  headerOf,
  keyCredential,
  oauthCredentialOf,
  oauthOf,
  refusalOf,
  upstreamOf,
} from '../../test/harness/open-brokers.ts'
import type { ConnectDetails, UpstreamCredential } from '../contracts/credential.ts'
import type { CredentialMode, UpstreamSettings } from '../contracts/upstream.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { Secret } from '../lib/secret.ts'
import { ownerOf, sharedOwner } from './connections.ts'

let world: BrokerWorld
let gateway: BrokerProcess

beforeEach(async () => {
  world = createBrokerWorld()
  gateway = await world.open()
})
afterEach(() => world.close())

const adas = { tenant: 'default', upstream: 'tracker', owner: ownerOf('ada') }
const everybodys = { ...adas, owner: sharedOwner }
const ada = callBy('ada')
const keyMode = (mode: CredentialMode, apiKey?: UpstreamSettings['apiKey']) =>
  upstreamOf({ mode, oauth: undefined, apiKey: apiKey ?? { header: 'authorization', scheme: 'Bearer' } })
const connectOf = (refusal: GatewayError) => refusal.details.data?.connect as ConnectDetails
const unauthorized = { status: 401, challenge: 'Bearer error="invalid_token"' } as const

function ticketIn(refusal: GatewayError) {
  const { url } = connectOf(refusal)
  return gateway.tickets.open(new URL(url).searchParams.get('ticket') ?? '', 'tracker')
}

describe('obtain', () => {
  test('gives each person the token of their own connection, and nobody the one of another mode', async () => {
    await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    await gateway.connections.put(
      { ...adas, owner: ownerOf('bob') },
      oauthCredentialOf(world.now, { accessToken: 'of-bob' }),
      'bob',
    )
    const source = gateway.broker.open(upstreamOf())
    expect(await headerOf(source.obtain(ada))).toBe('authorization: Bearer access-0')
    expect(await headerOf(source.obtain(callBy('bob')))).toBe('authorization: Bearer of-bob')
    const shared = gateway.broker.open(upstreamOf({ mode: 'shared-oauth' }))
    expect((await refusalOf(shared.obtain(ada))).reason).toBe('connection_admin_required')
  })

  test('one shared token serves everybody of a tenant, also nobody in particular', async () => {
    await gateway.connections.put(everybodys, oauthCredentialOf(world.now), 'admin')
    const source = gateway.broker.open(upstreamOf({ mode: 'shared-oauth' }))
    for (const who of ['ada', 'consumer:billing', undefined]) {
      expect(await headerOf(source.obtain(callBy(who)))).toBe('authorization: Bearer access-0')
    }
    expect((await refusalOf(source.obtain(callBy('ada', 'acme')))).reason).toBe('connection_admin_required')
  })

  test('puts keys where the upstream wants them, stored or configured', async () => {
    await gateway.connections.put(adas, keyCredential, 'ada')
    await gateway.connections.put(everybodys, { ...keyCredential, key: 'key-1' }, 'admin')
    const headers = async (mode: CredentialMode, apiKey?: UpstreamSettings['apiKey']) =>
      headerOf(gateway.broker.open(keyMode(mode, apiKey)).obtain(ada))
    expect(await headers('user-api-key')).toBe('authorization: Bearer key-0')
    expect(await headers('user-api-key', { header: 'x-api-key', scheme: '' })).toBe('x-api-key: key-0')
    expect(await headers('shared-api-key', { header: 'authorization', scheme: 'token' })).toBe(
      'authorization: token key-1',
    )
    const value = new Secret('configured')
    expect(await headers('shared-api-key', { header: 'x-api-key', scheme: '', value })).toBe('x-api-key: configured')
  })

  test('mtls presents no header', async () => {
    expect(await gateway.broker.open(upstreamOf({ mode: 'mtls' })).obtain(ada)).toBeUndefined()
  })

  test('costs no store access once a connection is in memory', async () => {
    await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    const source = gateway.broker.open(upstreamOf())
    const first = await credentialOf(source.obtain(ada))
    await gateway.storage.close()
    const second = source.obtain(ada)
    expect(second).toBe(first)
  })

  test('a credential is named alike as long as it stands for the same account and scopes', async () => {
    const names: string[] = []
    const source = gateway.broker.open(upstreamOf())
    const note = async () => names.push((await credentialOf(source.obtain(ada))).identity)
    const put = await gateway.connections.put(adas, oauthCredentialOf(world.now, { scopes: ['a', 'b'] }), 'ada')
    await note()
    const same = { scopes: ['b', 'a'], accessToken: 'other' }
    const next = await gateway.connections.update(put, oauthCredentialOf(world.now, same))
    await note()
    await gateway.connections.update(next ?? put, oauthCredentialOf(world.now, { scopes: ['a'] }))
    await note()
    await gateway.connections.put(adas, oauthCredentialOf(world.now, { scopes: ['a'] }), 'ada')
    await note()
    expect(names[1]).toBe(names[0])
    expect(new Set(names).size).toBe(3)
    expect(names.join()).not.toContain('access-0')
  })

  test('the use is written in the end, once', async () => {
    await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    const source = gateway.broker.open(upstreamOf())
    await source.obtain(ada)
    world.now += 5
    await source.obtain(ada)
    expect((await gateway.storage.connections.find(adas))?.lastUsedAtMs).toBeUndefined()
    await gateway.connections.close()
    expect((await gateway.storage.connections.find(adas))?.lastUsedAtMs).toBe(world.now)
  })
})

describe('who is not connected', () => {
  test('receives a link that works for ten minutes, for them alone, and shows nothing', async () => {
    const refusal = await refusalOf(gateway.broker.open(upstreamOf()).obtain(ada))
    expect(refusal.reason).toBe('connection_required')
    const { url, ...connect } = connectOf(refusal)
    expect(connect).toEqual({
      upstreamId: 'tracker',
      displayName: 'Tracker',
      state: 'authenticating',
      mode: 'user-oauth',
    })
    expect(url).toMatch(/^https:\/\/gateway\.example\/base\/auth\/connections\/tracker\/connect\?ticket=[\w-]+$/)
    expect(Buffer.from(url.slice(url.indexOf('=') + 1), 'base64url').toString('latin1')).not.toContain('ada')
    expect(ticketIn(refusal)).toMatchObject({ ...adas, virtualServer: 'tracker-mcp', scopes: [] })
    world.now += 10 * 60_000
    expect(ticketIn(refusal)).toBeUndefined()
  })

  test('two calls receive links of their own, without a write', async () => {
    const source = gateway.broker.open(upstreamOf())
    await source.obtain(ada)
    const other = await world.open()
    const before = other.storage.revocations.version()
    const tickets = [await refusalOf(source.obtain(ada)), await refusalOf(source.obtain(ada))].map(ticketIn)
    expect(tickets[0]?.id).not.toBe(tickets[1]?.id)
    expect(other.storage.revocations.version()).toBe(before)
  })

  test('an API key or a client gets no link, but may have a stored key', async () => {
    for (const id of ['consumer:billing', 'client:robot']) {
      const refusal = await refusalOf(gateway.broker.open(upstreamOf()).obtain(callBy(id)))
      expect(refusal.reason).toBe('connection_unsupported')
      expect(refusal.details.data).toBeUndefined()
      const keyed = gateway.broker.open(keyMode('user-api-key'))
      const keyless = await refusalOf(keyed.obtain(callBy(id)))
      expect(keyless.reason).toBe('connection_unsupported')
      const mayStore = /Store one with PUT https?:.*\/auth\/connections\/\w+\/key\.$/
      expect(mayStore.test(keyless.message)).toBe(id.startsWith('consumer:'))
      expect(refusal.message).not.toMatch(mayStore)
      await gateway.connections.put({ ...adas, owner: ownerOf(id) }, keyCredential, 'admin')
      expect(await headerOf(keyed.obtain(callBy(id)))).toBe('authorization: Bearer key-0')
    }
  })

  test('nobody has no connection', async () => {
    const refusal = await refusalOf(gateway.broker.open(upstreamOf()).obtain(callBy(undefined)))
    expect(refusal.reason).toBe('credential_missing')
  })

  test('a shared upstream is for an administrator to connect: there is no ticket in the link', async () => {
    const refusal = await refusalOf(gateway.broker.open(keyMode('shared-api-key')).obtain(ada))
    expect(refusal.reason).toBe('connection_admin_required')
    expect(connectOf(refusal)).toMatchObject({
      state: 'admin_connect_required',
      url: 'https://gateway.example/base/auth/connections',
    })
  })

  test('that they connected counts at the next call, also in another process', async () => {
    const other = await world.open()
    const source = gateway.broker.open(upstreamOf())
    await refusalOf(source.obtain(ada))
    await other.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    expect(await headerOf(source.obtain(ada))).toBe('authorization: Bearer access-0')
  })
})

describe('a connection that ends', () => {
  test('is forgotten at once where it was removed or replaced, and elsewhere when it is told', async () => {
    const other = await world.open()
    await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    const [here, there] = [gateway.broker.open(upstreamOf()), other.broker.open(upstreamOf())]
    const { identity } = await credentialOf(there.obtain(ada))
    await credentialOf(here.obtain(ada))
    await gateway.connections.put(adas, oauthCredentialOf(world.now, { accessToken: 'newer' }), 'ada')
    expect(await headerOf(here.obtain(ada))).toBe('authorization: Bearer newer')
    expect(await headerOf(there.obtain(ada))).toBe('authorization: Bearer access-0')
    other.broker.forget(identity.split('.')[0] ?? '')
    expect(await headerOf(there.obtain(ada))).toBe('authorization: Bearer newer')
    await gateway.connections.remove(adas)
    expect((await refusalOf(here.obtain(ada))).reason).toBe('connection_required')
    other.broker.forgetAll()
    expect((await refusalOf(there.obtain(ada))).reason).toBe('connection_required')
  })
})

describe('a change of configuration', () => {
  const reconnect = (settings: UpstreamSettings) => refusalOf(gateway.broker.open(settings).obtain(ada))

  test('to another mode and back loses no connection', async () => {
    await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    expect((await reconnect(keyMode('user-api-key'))).reason).toBe('connection_required')
    expect(await headerOf(gateway.broker.open(upstreamOf()).obtain(ada))).toBe('authorization: Bearer access-0')
  })

  test('no token goes to a server, or comes by way of an issuer, that it was not made for', async () => {
    await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    await credentialOf(gateway.broker.open(upstreamOf()).obtain(ada))
    const overrides = { allowIssuerMismatch: false, assumePkce: false, resource: { value: 'api://other' } }
    const changes: Partial<UpstreamSettings>[] = [
      { url: 'https://evil.example/mcp' },
      { url: 'https://tracker.example:8443/mcp' },
      { url: 'http://tracker.example/mcp' },
      { url: 'https://tracker.example/mcp-of-another-tenant' },
      { oauth: oauthOf({ authorizationServer: 'https://other-as.example' }) },
      { oauth: oauthOf({ overrides }) },
    ]
    for (const change of changes) {
      const refusal = await reconnect(upstreamOf(change))
      expect(refusal.reason).toBe('connection_reconsent_required')
      expect(connectOf(refusal).state).toBe('reconsent_required')
    }
    const fitting = [
      { oauth: oauthOf({ authorizationServer: 'https://as.example/' }) },
      { url: 'https://tracker.example/mcp/v2' },
    ]
    for (const change of fitting) {
      expect(await headerOf(gateway.broker.open(upstreamOf(change)).obtain(ada))).toBe('authorization: Bearer access-0')
    }
    expect((await gateway.storage.connections.find(adas))?.state).toBe('connected')
  })

  test('no key goes to another server either', async () => {
    await gateway.connections.put(adas, keyCredential, 'ada')
    const refusal = await reconnect({ ...keyMode('user-api-key'), url: 'https://evil.example/mcp' })
    expect(refusal.reason).toBe('connection_reconsent_required')
  })
})

test('a secret that does not open is asked for again, and what the person connects anew takes its place', async () => {
  await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
  const record = await gateway.storage.connections.find(adas)
  const moved = await gateway.connections.put({ ...adas, owner: 'subject:bob' }, oauthCredentialOf(world.now), 'bob')
  await gateway.storage.connections.replaceSealed(record?.id ?? '', record?.sealed ?? '', moved.record.sealed)
  const source = gateway.broker.open(upstreamOf())
  const refusal = await refusalOf(source.obtain(ada))
  expect(refusal).toMatchObject({
    reason: 'connection_reconsent_required',
    details: { detail: expect.stringContaining('does not open') as string },
  })
  await gateway.connections.put(adas, oauthCredentialOf(world.now, { accessToken: 'anew' }), 'ada')
  expect(await headerOf(source.obtain(ada))).toBe('authorization: Bearer anew')
})

describe('renew', () => {
  const use = async (source = gateway.broker.open(upstreamOf())): Promise<[typeof source, UpstreamCredential]> => [
    source,
    await credentialOf(source.obtain(ada)),
  ]

  test('refreshes once for all calls that were refused, and each gets the new token', async () => {
    await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    const [source, used] = await use()
    world.now += 60_000
    const renewed = await Promise.all([1, 2, 3].map(() => headerOf(source.renew(used, unauthorized, ada))))
    expect(new Set(renewed)).toEqual(new Set(['authorization: Bearer access-1']))
    expect(await headerOf(source.renew(used, unauthorized, ada))).toBe('authorization: Bearer access-1')
    expect(await headerOf(source.obtain(ada))).toBe('authorization: Bearer access-1')
    expect(world.refreshed).toHaveLength(1)
  })

  test('refreshes though the clock was set back since the token was issued', async () => {
    await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    const [source, used] = await use()
    world.now -= 3_600_000
    expect(await headerOf(source.renew(used, unauthorized, ada))).toBe('authorization: Bearer access-1')
  })

  test('takes what another process stored, without a request', async () => {
    const other = await world.open()
    const put = await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    const [source, used] = await use()
    await other.connections.update(put, oauthCredentialOf(world.now, { accessToken: 'of-other' }))
    expect(await headerOf(source.renew(used, unauthorized, ada))).toBe('authorization: Bearer of-other')
    await other.connections.put(adas, oauthCredentialOf(world.now, { accessToken: 'reconnected' }), 'ada')
    expect(await headerOf(source.renew(used, unauthorized, ada))).toBe('authorization: Bearer reconnected')
    expect(world.refreshed).toHaveLength(0)
  })

  test('a token without an expiry is refreshed when it is refused', async () => {
    const unknown = { expiresAtMs: undefined }
    world.answer = () => ({ accessToken: 'access-1', refreshToken: undefined, scopes: undefined, ...unknown })
    await gateway.connections.put(adas, oauthCredentialOf(world.now, unknown), 'ada')
    const [source, used] = await use()
    world.now += 365 * 24 * 3_600_000
    expect(await headerOf(source.obtain(ada))).toBe('authorization: Bearer access-0')
    expect(await headerOf(source.renew(used, unauthorized, ada))).toBe('authorization: Bearer access-1')
    const { credential } = (await gateway.connections.find(adas)) ?? {}
    expect(credential).toMatchObject({ accessToken: 'access-1', refreshToken: 'refresh-0' })
    expect(credential).not.toHaveProperty('expiresAtMs')
  })

  test('asks to connect again when there is nothing to refresh with, or the new token is refused as well', async () => {
    await gateway.connections.put(adas, oauthCredentialOf(world.now, { refreshToken: undefined }), 'ada')
    const [source, used] = await use()
    world.now += 60_000
    expect((await refusalOf(source.renew(used, unauthorized, ada))).reason).toBe('connection_reconsent_required')
    await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    world.now += 60_000
    const [, second] = await use(source)
    const renewed = await credentialOf(source.renew(second, unauthorized, ada))
    expect((await refusalOf(source.renew(renewed, unauthorized, ada))).reason).toBe('connection_reconsent_required')
    expect(world.refreshed).toHaveLength(1)
    // One refusal of an upstream may be its mistake: the connection stays.
    expect((await gateway.storage.connections.find(adas))?.state).toBe('connected')
  })

  test('a key that was replaced is tried; the same one is not', async () => {
    await gateway.connections.put(adas, keyCredential, 'ada')
    const [source, used] = await use(gateway.broker.open(keyMode('user-api-key')))
    expect((await refusalOf(source.renew(used, unauthorized, ada))).reason).toBe('connection_reconsent_required')
    const other = await world.open()
    await other.connections.put(adas, { ...keyCredential, key: 'key-1' }, 'ada')
    expect(await headerOf(source.renew(used, unauthorized, ada))).toBe('authorization: Bearer key-1')
    await other.connections.remove(adas)
    expect((await refusalOf(source.renew(used, unauthorized, ada))).reason).toBe('connection_required')
  })

  test('a missing scope is asked for besides those that were given', async () => {
    await gateway.connections.put(adas, oauthCredentialOf(world.now, { scopes: ['read', 'list'] }), 'ada')
    const [source, used] = await use()
    const challenge = 'Bearer error="insufficient_scope", scope="list write"'
    const refusal = await refusalOf(source.renew(used, { status: 403, challenge }, ada))
    expect(refusal.reason).toBe('connection_scope_required')
    expect(ticketIn(refusal)?.scopes).toEqual(['read', 'list', 'write'])
    expect(world.refreshed).toHaveLength(0)
  })

  test('an upstream that asks for ever so many scopes makes no link too long to open', async () => {
    await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    const [source, used] = await use()
    const many = Array.from({ length: 90 }, (_, index) => `${index}-${'x'.repeat(80)}`)
    const challenge = `Bearer error="insufficient_scope", scope="${many.join(' ')}"`
    const refusal = await refusalOf(source.renew(used, { status: 403, challenge }, ada))
    expect(connectOf(refusal).url.length).toBeLessThan(4000)
    expect(ticketIn(refusal)?.scopes.slice(0, 2)).toEqual(['read', many[0]])
  })

  test('any other 403 is no matter of connecting', async () => {
    await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')
    const [source, used] = await use()
    for (const challenge of [undefined, 'Bearer realm="insufficient_scope"', 'Bearer error="invalid_token"']) {
      const refusal = await refusalOf(source.renew(used, { status: 403, challenge }, ada))
      expect(refusal.reason).toBe('upstream_unauthorized')
    }
  })

  test('what is configured cannot be renewed', async () => {
    const value = new Secret('configured')
    const keyed = gateway.broker.open(keyMode('shared-api-key', { header: 'x-key', scheme: '', value }))
    const [, used] = await use(keyed)
    expect((await refusalOf(keyed.renew(used, unauthorized, ada))).reason).toBe('upstream_unauthorized')
    const certified = gateway.broker.open(upstreamOf({ mode: 'mtls' }))
    expect((await refusalOf(certified.renew(undefined, unauthorized, ada))).reason).toBe('upstream_unauthorized')
  })
})
