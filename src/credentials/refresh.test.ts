import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type BrokerProcess,
  type BrokerWorld,
  callBy,
  createBrokerWorld,
  headerOf,
  oauthCredentialOf,
  refusalOf,
  tokensOf,
  upstreamOf,
} from '../../test/harness/open-brokers.ts'
import { waitUntil } from '../../test/harness/wait-until.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { ReasonCode } from '../errors/reasons.ts'
import { ownerOf } from './connections.ts'
import type { TokenSet } from './token-endpoint.ts'

let world: BrokerWorld
let left: BrokerProcess
let right: BrokerProcess

beforeEach(async () => {
  world = createBrokerWorld()
  left = await world.open()
  right = await world.open()
})
afterEach(() => world.close())

const adas = { tenant: 'default', upstream: 'tracker', owner: ownerOf('ada') }
const ada = callBy('ada')
const obtain = (gateway: BrokerProcess) => gateway.broker.open(upstreamOf()).obtain(ada)
const connect = (changes = {}) => left.connections.put(adas, oauthCredentialOf(world.now, changes), 'ada')
const refusedWith =
  (reason: ReasonCode, details = {}) =>
  async () =>
    new GatewayError(reason, details)
const secondsMs = 1000
const hourMs = 3600 * secondsMs

/** A token endpoint that answers when it is told to. */
function holdAnswer() {
  const asked = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<TokenSet | GatewayError>()
  world.answer = (_credential, count) => {
    asked.resolve()
    return count === 1 ? answered.promise : tokensOf(count, world.now)
  }
  return { asked: asked.promise, answer: answered.resolve }
}

describe('in time', () => {
  test('a token with a minute left is used as it is', async () => {
    await connect()
    world.now += hourMs - 60 * secondsMs
    expect(await headerOf(obtain(left))).toBe('authorization: Bearer access-0')
    expect(world.refreshed).toHaveLength(0)
  })

  test('one with less is refreshed while calls go on with it', async () => {
    await connect()
    world.now += hourMs - 60 * secondsMs + 1
    const endpoint = holdAnswer()
    for (let call = 0; call < 3; call++) expect(await headerOf(obtain(left))).toBe('authorization: Bearer access-0')
    await endpoint.asked
    endpoint.answer(tokensOf(1, world.now))
    await waitUntil('the new token is used', async () => (await headerOf(obtain(left))).endsWith('access-1'))
    expect(world.refreshed.map(({ refreshToken }) => refreshToken)).toEqual(['refresh-0'])
  })

  test.each([
    ['five minutes', 300, 240, 241],
    ['ten seconds', 10, 8, 9],
  ])('one of %s: in its last minute, or fifth where that is less', async (_what, lifetime, fresh, early) => {
    await connect({ expiresAtMs: world.now + lifetime * secondsMs })
    world.now += fresh * secondsMs
    await headerOf(obtain(left))
    expect(world.refreshed).toHaveLength(0)
    world.now += (early - fresh) * secondsMs
    expect(await headerOf(obtain(left))).toBe('authorization: Bearer access-0')
    await waitUntil('it is refreshed', () => world.refreshed.length === 1)
  })

  test('an expired one is never sent: all calls wait for one refresh', async () => {
    await connect()
    world.now += hourMs
    const endpoint = holdAnswer()
    const calls = [1, 2, 3].map(() => headerOf(obtain(left)))
    await endpoint.asked
    endpoint.answer(tokensOf(1, world.now))
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['authorization: Bearer access-1']))
    expect(world.refreshed).toHaveLength(1)
  })

  test('what the server grants counts; what it leaves out stays', async () => {
    await connect()
    world.now += hourMs
    world.answer = () => ({ accessToken: 'bare', refreshToken: undefined, expiresAtMs: undefined, scopes: undefined })
    expect(await headerOf(obtain(left))).toBe('authorization: Bearer bare')
    const bare = await left.connections.find(adas)
    expect(bare?.credential).toMatchObject({ refreshToken: 'refresh-0', scopes: ['read'], obtainedAtMs: world.now })
    expect(bare?.record.expiresAtMs).toBeUndefined()
    world.answer = (_credential, count) => ({ ...tokensOf(count, world.now), scopes: ['list'] })
    world.now += hourMs
    const source = left.broker.open(upstreamOf())
    const used = await source.obtain(ada)
    if (used instanceof GatewayError) throw used
    await headerOf(source.renew(used, { status: 401, challenge: undefined }, ada))
    const narrowed = await left.connections.find(adas)
    expect(narrowed?.record.scopes).toEqual(['list'])
    expect(narrowed?.credential).toMatchObject({ refreshToken: 'refresh-2', scopes: ['list'] })
  })

  test('a gateway that stops waits for the token of a refresh under way, and begins no other', async () => {
    await connect()
    world.now += hourMs - secondsMs
    const endpoint = holdAnswer()
    await headerOf(obtain(left))
    await endpoint.asked
    let closed = false
    const closing = left.broker.close().then(() => {
      closed = true
    })
    await headerOf(obtain(left))
    expect(closed).toBe(false)
    endpoint.answer(tokensOf(1, world.now))
    await closing
    expect((await right.connections.find(adas))?.credential).toMatchObject({ refreshToken: 'refresh-1' })
    world.now += hourMs
    expect((await refusalOf(obtain(left))).details.detail).toBe('this gateway is stopping')
    expect(world.refreshed).toHaveLength(1)
  })

  test('it leaves an event that says for whom and where', async () => {
    const { id } = (await connect()).record
    world.now += hourMs
    await headerOf(obtain(left))
    expect(world.events).toEqual([
      expect.objectContaining({
        type: 'auth_upstream_refreshed',
        outcome: 'success',
        requestId: 'request-1',
        time: world.now,
        tenant: 'default',
        subject: 'ada',
        virtualServer: 'tracker-mcp',
        upstream: 'tracker.example',
        credentialMode: 'user-oauth',
        reason: null,
        detail: `connection ${id}`,
      }),
    ])
  })
})

describe('several processes', () => {
  test('make exactly one request, and all go on with the same token', async () => {
    await connect()
    const third = await world.open()
    for (const gateway of [left, right, third]) await headerOf(obtain(gateway))
    for (let round = 1; round <= 5; round++) {
      world.now += 2 * hourMs
      const calls = [left, right, third, left, right].map((gateway) => headerOf(obtain(gateway)))
      expect(new Set(await Promise.all(calls))).toEqual(new Set([`authorization: Bearer access-${round}`]))
      expect(world.refreshed.map(({ refreshToken }) => refreshToken)).toEqual(
        Array.from({ length: round }, (_, index) => `refresh-${index}`),
      )
    }
  })

  test('one that comes while another one refreshes waits for its token', async () => {
    await connect()
    world.now += hourMs
    const endpoint = holdAnswer()
    const first = headerOf(obtain(left))
    await endpoint.asked
    const second = headerOf(obtain(right))
    endpoint.answer(tokensOf(1, world.now))
    expect(await Promise.all([first, second])).toEqual(Array(2).fill('authorization: Bearer access-1'))
    expect(world.refreshed).toHaveLength(1)
  })

  test('one that slept through several refreshes, and whose newest token has expired too, refreshes that one', async () => {
    await connect()
    await headerOf(obtain(right))
    for (let round = 0; round < 2; round++) {
      world.now += 2 * hourMs
      await headerOf(obtain(left))
    }
    world.now += 2 * hourMs
    expect(await headerOf(obtain(right))).toBe('authorization: Bearer access-3')
    expect(world.refreshed.map(({ refreshToken }) => refreshToken)).toEqual(['refresh-0', 'refresh-1', 'refresh-2'])
  })

  test('one that died in the middle is replaced when its lease ends', async () => {
    const { record } = await connect()
    world.now += hourMs
    expect(await left.storage.connections.lease(record, record, 'dead', world.now + 40 * secondsMs)).toBe(true)
    const attempts = vi.spyOn(right.storage.connections, 'lease')
    const call = headerOf(obtain(right))
    await waitUntil('it waits', () => attempts.mock.calls.length > 2)
    expect(world.refreshed).toHaveLength(0)
    world.now += 40 * secondsMs
    expect(await call).toBe('authorization: Bearer access-1')
    expect(world.refreshed).toHaveLength(1)
  })

  test('one that holds the lease for ever does not hold a call for ever', async () => {
    const { record } = await connect()
    world.now += hourMs
    await left.storage.connections.lease(record, record, 'stuck', world.now + hourMs)
    const attempts = vi.spyOn(right.storage.connections, 'lease')
    const call = refusalOf(obtain(right))
    await waitUntil('it waits', () => attempts.mock.calls.length > 1)
    world.now += 46 * secondsMs
    expect((await call).reason).toBe('credential_provider_unreachable')
  })

  test('a late answer does not overwrite what was connected or disconnected meanwhile', async () => {
    await connect()
    world.now += hourMs
    const first = holdAnswer()
    const replaced = headerOf(obtain(left))
    await first.asked
    await right.connections.put(adas, oauthCredentialOf(world.now, { accessToken: 'reconnected' }), 'ada')
    first.answer(tokensOf(1, world.now))
    expect(await replaced).toBe('authorization: Bearer reconnected')
    world.refreshed.length = 0
    world.now += hourMs
    const second = holdAnswer()
    const removed = refusalOf(obtain(left))
    await second.asked
    await right.connections.remove(adas)
    second.answer(tokensOf(1, world.now))
    expect((await removed).reason).toBe('connection_required')
    expect(await left.connections.find(adas)).toBeUndefined()
  })
})

describe('invalid_grant', () => {
  test('asks for consent again, everywhere, with one event', async () => {
    await connect()
    world.now += hourMs
    world.answer = refusedWith('connection_reconsent_required', { detail: 'invalid_grant' })
    for (const gateway of [left, right, left]) {
      expect((await refusalOf(obtain(gateway))).reason).toBe('connection_reconsent_required')
    }
    expect(world.refreshed).toHaveLength(1)
    expect((await left.connections.find(adas))?.record).toMatchObject({
      state: 'reconsent_required',
      stateReason: 'connection_reconsent_required',
    })
    expect(world.events).toEqual([
      expect.objectContaining({
        type: 'auth_upstream_failed',
        outcome: 'failure',
        reason: 'connection_reconsent_required',
        detail: 'invalid_grant',
        subject: 'ada',
      }),
    ])
  })

  test('is no matter when somebody else refreshed meanwhile: their token holds', async () => {
    await connect()
    world.now += hourMs
    const endpoint = holdAnswer()
    const late = headerOf(obtain(left))
    await endpoint.asked
    // The holder stalls until its lease is over; another process refreshes with the same refresh token.
    world.now += 40 * secondsMs
    expect(await headerOf(obtain(right))).toBe('authorization: Bearer access-2')
    endpoint.answer(new GatewayError('connection_reconsent_required'))
    expect(await late).toBe('authorization: Bearer access-2')
    expect((await left.connections.find(adas))?.record.state).toBe('connected')
    expect(world.events.map(({ type }) => type)).toEqual(['auth_upstream_refreshed'])
  })

  test('a token that expired without a refresh token needs no request to know', async () => {
    await connect({ refreshToken: undefined })
    world.now += hourMs - 1
    expect(await headerOf(obtain(left))).toBe('authorization: Bearer access-0')
    world.now += 1
    expect((await refusalOf(obtain(left))).reason).toBe('connection_reconsent_required')
    expect((await right.connections.find(adas))?.record.state).toBe('reconsent_required')
    expect(world.refreshed).toHaveLength(0)
  })

  test('connecting again ends it', async () => {
    await connect()
    world.now += hourMs
    world.answer = refusedWith('connection_reconsent_required')
    await refusalOf(obtain(left))
    await right.connections.put(adas, oauthCredentialOf(world.now, { accessToken: 'reconnected' }), 'ada')
    expect(await headerOf(obtain(left))).toBe('authorization: Bearer reconnected')
  })
})

describe('a provider that fails', () => {
  const failures = [
    'credential_provider_unreachable',
    'credential_response_invalid',
    'credential_client_rejected',
  ] as const

  test.each(failures)(
    '%s: the old token goes on while it is valid, then calls fail with the reason',
    async (reason) => {
      await connect()
      world.now += hourMs - 30 * secondsMs
      world.answer = refusedWith(reason)
      expect(await headerOf(obtain(left))).toBe('authorization: Bearer access-0')
      await waitUntil('the failure is recorded', () => world.events.length === 1)
      expect(await headerOf(obtain(left))).toBe('authorization: Bearer access-0')
      world.now += 30 * secondsMs
      expect((await refusalOf(obtain(left))).reason).toBe(reason)
      expect(world.events.map((event) => [event.type, event.reason])).toEqual(
        [1, 2].map(() => ['auth_upstream_failed', reason]),
      )
      expect((await left.connections.find(adas))?.record.state).toBe('connected')
    },
  )

  test('that refuses in words of its own: the person may connect anew, and what is stored is tried again', async () => {
    await connect()
    world.now += hourMs
    world.answer = refusedWith('credential_refresh_refused')
    const refusal = await refusalOf(obtain(left))
    expect(refusal.reason).toBe('connection_reconsent_required')
    expect(refusal.details.data).toMatchObject({
      connect: { url: expect.stringContaining('/connect?ticket=') as string },
    })
    expect(world.events.map(({ type, reason }) => [type, reason])).toEqual([
      ['auth_upstream_failed', 'credential_refresh_refused'],
    ])
    expect((await left.connections.find(adas))?.record.state).toBe('connected')
    world.now += 5 * secondsMs
    world.answer = (_credential, count) => tokensOf(count, world.now)
    expect(await headerOf(obtain(left))).toBe('authorization: Bearer access-2')
  })

  test('is asked again after five seconds, or when it says, and never before', async () => {
    await connect()
    world.now += hourMs
    world.answer = refusedWith('credential_provider_unreachable')
    await refusalOf(obtain(left))
    world.now += 5 * secondsMs - 1
    world.answer = refusedWith('credential_provider_busy', { headers: { 'retry-after': '30' } })
    expect((await refusalOf(obtain(left))).reason).toBe('credential_provider_unreachable')
    expect(world.refreshed).toHaveLength(1)
    world.now += 1
    expect((await refusalOf(obtain(left))).reason).toBe('credential_provider_busy')
    world.answer = (_credential, count) => tokensOf(count, world.now)
    world.now += 30 * secondsMs - 1
    expect((await refusalOf(obtain(left))).details.headers).toEqual({ 'retry-after': '30' })
    expect(world.refreshed).toHaveLength(2)
    world.now += 1
    expect(await headerOf(obtain(left))).toBe('authorization: Bearer access-3')
  })

  test('a store that is busy for a moment does not lose the new token, and nobody uses it before it is stored', async () => {
    await connect()
    world.now += hourMs
    const update = vi.spyOn(left.storage.connections, 'update').mockRejectedValueOnce(new Error('database is locked'))
    expect(await headerOf(obtain(left))).toBe('authorization: Bearer access-1')
    expect(update).toHaveBeenCalledTimes(2)
    expect((await right.connections.find(adas))?.credential).toMatchObject({ refreshToken: 'refresh-1' })
    update.mockImplementation(async () => {
      world.now += 20 * secondsMs
      throw new Error('disk full')
    })
    world.now += hourMs
    await expect(Promise.resolve(obtain(left))).rejects.toThrow('disk full')
    expect(world.logged.join()).not.toMatch(/access-|refresh-\d/)
    expect(await headerOf(obtain(right))).toBe('authorization: Bearer access-3')
  })

  test('leaves no lease behind: another process may try at once', async () => {
    await connect()
    world.now += hourMs
    world.answer = refusedWith('credential_provider_unreachable')
    await refusalOf(obtain(left))
    world.answer = (_credential, count) => tokensOf(count, world.now)
    expect(await headerOf(obtain(right))).toBe('authorization: Bearer access-2')
  })

  test('neither does a request that breaks', async () => {
    await connect()
    world.now += hourMs
    world.answer = () => Promise.reject(new Error('a bug'))
    await expect(Promise.resolve(obtain(left))).rejects.toThrow('a bug')
    world.answer = (_credential, count) => tokensOf(count, world.now)
    expect(await headerOf(obtain(right))).toBe('authorization: Bearer access-2')
  })

  test('a bug while calls go on is logged, without a token', async () => {
    await connect()
    world.now += hourMs - secondsMs
    world.answer = () => Promise.reject(new Error('a bug'))
    expect(await headerOf(obtain(left))).toBe('authorization: Bearer access-0')
    await waitUntil('it is logged', () => world.logged.length > 0)
    expect(world.logged[0]).toContain('could not refresh a token')
    expect(world.logged.join()).not.toMatch(/access-|refresh-\d/)
  })
})
