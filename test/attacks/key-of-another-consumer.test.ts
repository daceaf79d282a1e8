import { request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newApiKey } from '../../src/identity/api-key.ts'
import { sha256 } from '../../src/lib/hash.ts'
import { type RunningConnectionPages, startConnectionPages } from '../harness/connection-pages.ts'

let running: RunningConnectionPages
beforeAll(async () => {
  running = await startConnectionPages()
})
afterAll(() => running.close())

/** An API key of the gateway for this consumer. */
async function keyOf(consumer: string, tenant = 'default'): Promise<string> {
  const key = newApiKey()
  const id = `key_${consumer}_${tenant}`
  const expiresAtMs = undefined
  await running.storage.apiKeys.create({ id, keyHash: sha256(key), tenant, consumer, expiresAtMs, metadata: undefined })
  return key
}

async function call(method: 'PUT' | 'DELETE', upstream: string, bearer: string | undefined, body?: unknown) {
  const answer = await request(`${running.url}/auth/connections/${upstream}/key`, {
    method,
    headers: { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await answer.body.text()
  return { status: answer.statusCode, headers: answer.headers, text, json: JSON.parse(text) as Record<string, unknown> }
}

const stored = (name: string, tenant = 'default') =>
  running.connections.find({ tenant, upstream: 'maps', owner: `subject:consumer:${name}` })

test('a program stores the key of its upstream for itself and for nobody else, and removes it', async () => {
  const ci = await keyOf('ci')
  await keyOf('other')
  expect(await call('PUT', 'maps', ci, { key: 'maps-secret-1' })).toMatchObject({
    status: 200,
    json: { upstream: 'maps', state: 'connected', tried: true },
  })
  expect((await stored('ci'))?.credential).toMatchObject({ key: 'maps-secret-1' })
  expect(await stored('other')).toBeUndefined()
  expect(running.events.at(-1)).toMatchObject({ type: 'auth_upstream_connected', subject: 'consumer:ci' })
  expect(await call('DELETE', 'maps', ci)).toMatchObject({ status: 200, json: { state: 'connect_required' } })
  expect(await stored('ci')).toBeUndefined()
  expect(running.events.at(-1)).toMatchObject({ type: 'auth_upstream_disconnected', subject: 'consumer:ci' })
})

test('consumers of one name in two tenants do not share a key', async () => {
  await call('PUT', 'maps', await keyOf('twin', 'acme'), { key: 'of-acme' })
  expect(await stored('twin')).toBeUndefined()
  expect((await stored('twin', 'acme'))?.credential).toMatchObject({ key: 'of-acme' })
})

test.each([
  ['nothing', undefined],
  [
    'an access token of a person, whose client must not choose the account',
    'sp_at_0123456789012345678901234567890123456789012',
  ],
  ['a key that was never issued', newApiKey()],
])('with %s nothing is stored', async (_name, bearer) => {
  const before = await running.connections.list({ upstream: 'maps', limit: 100 })
  const answer = await call('PUT', 'maps', bearer, { key: 'planted' })
  expect(answer.status).toBe(401)
  expect(answer.headers['www-authenticate']).toBe('Bearer')
  expect(await running.connections.list({ upstream: 'maps', limit: 100 })).toEqual(before)
  expect(running.events.at(-1)).toMatchObject({ type: 'auth_upstream_failed', reason: answer.json['reason'] })
})

test('a key that was revoked a moment ago stores nothing', async () => {
  const key = await keyOf('gone')
  await call('PUT', 'maps', key, { key: 'first' })
  await running.storage.apiKeys.revoke('default', 'key_gone_default')
  expect(await call('PUT', 'maps', key, { key: 'second' })).toMatchObject({ status: 401 })
  expect((await stored('gone'))?.credential).toMatchObject({ key: 'first' })
})

test.each(['linear', 'wiki', 'weather', 'ledger', 'none'])(
  'the upstream %s takes no key of a consumer',
  async (upstream) => {
    expect(await call('PUT', upstream, await keyOf(`for-${upstream}`), { key: 'k' })).toMatchObject({ status: 404 })
  },
)

test('a body that is not what it must be is refused, and its text is not repeated', async () => {
  const key = await keyOf('sloppy')
  for (const body of [['secret-list'], { kee: 'secret-member' }, 'secret-text', { key: 7 }]) {
    const answer = await call('PUT', 'maps', key, body)
    expect(answer.status).toBe(400)
    expect(answer.text).not.toContain('secret')
  }
})

test('a key that the upstream rejects is not stored', async () => {
  running.keyVerdict = 'rejected'
  const answer = await call('PUT', 'maps', await keyOf('wrong'), { key: 'rejected-secret' })
  running.keyVerdict = 'accepted'
  expect(answer).toMatchObject({ status: 400, json: { reason: 'credential_key_rejected' } })
  expect(answer.text).not.toContain('rejected-secret')
  expect(await stored('wrong')).toBeUndefined()
  const refusal = { type: 'auth_upstream_failed', reason: 'credential_key_rejected' }
  expect(running.events.at(-1)).toMatchObject({ ...refusal, subject: 'consumer:wrong', tenant: 'default' })
})
