import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReasonCode } from '../../src/errors/reasons.ts'
import { newApiKey } from '../../src/identity/api-key.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { type PostAnswer, postRaw } from '../harness/post-message.ts'
import { sendForm } from '../harness/refusal.ts'
import { runCli } from '../harness/run-cli.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { signIn } from '../harness/write-project.ts'

let upstream: EchoUpstream
let gateway: TestGateway
let key: string
let foreignKey: string
let token: string
beforeAll(async () => {
  upstream = await startEchoUpstream()
  const route = (...inbound: string[]) => ({ upstream: upstream.url, inbound })
  gateway = await startTestGateway({
    servers: {
      keys: route('keys'),
      both: route('sign-in', 'keys'),
      header: route('sign-in', 'header-keys'),
      people: route('sign-in'),
      acme: route('acme-keys'),
    },
    policies: {
      ...signIn(),
      keys: ['api-key-inbound', {}],
      'header-keys': ['api-key-inbound', { authHeader: 'x-api-key' }],
      'acme-keys': ['api-key-inbound', { tenant: 'acme' }],
    },
  })
  key = await createKey('billing')
  foreignKey = await createKey('acme-bot', '--tenant', 'acme')
  token = (await obtainToken(gateway.publicUrl, gateway.server('both'))).accessToken
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function createKey(consumer: string, ...flags: string[]): Promise<string> {
  const { out, errors } = await runCli('keys', 'create', consumer, gateway.directory, '--json', ...flags)
  expect(errors).toBe('')
  return (JSON.parse(out) as { key: string }).key
}

const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
const post = (server: string, headers: { [name: string]: string }, search = '') =>
  postRaw(gateway.server(server) + search, list, headers)
const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
/** Another secret under the checksum of this key. */
const otherDigit = (text: string) =>
  text.replace(/^sp_key_./, (start) => (start.endsWith('A') ? 'sp_key_B' : 'sp_key_A'))

const attacks: readonly [name: string, attempt: () => Promise<PostAnswer>, reason: ReasonCode][] = [
  ['no key', () => post('keys', {}), 'key_missing'],
  ['a key that was never made, with a checksum that fits', () => post('keys', bearer(newApiKey())), 'key_invalid'],
  ['a key with one character changed', () => post('keys', bearer(otherDigit(key))), 'key_invalid'],
  ['a key that is cut off', () => post('keys', bearer(key.slice(0, -1))), 'key_invalid'],
  ['a key with more behind it', () => post('keys', bearer(`${key}0`)), 'key_invalid'],
  ['a key in another case', () => post('keys', bearer(key.replace('sp_key_', 'SP_KEY_'))), 'key_invalid'],
  ['a key in the query', () => post('keys', {}, `?api_key=${key}`), 'token_misplaced'],
  ['a key in the query next to a good header', () => post('keys', bearer(key), `?x=${key}`), 'token_misplaced'],
  ['a key in a cookie', () => post('keys', { cookie: `key=${key}` }), 'key_missing'],
  ['a key in a header that is not configured', () => post('keys', { 'x-api-key': key }), 'key_missing'],
  ['a key as Basic password', () => post('keys', { authorization: `Basic ${btoa(`x:${key}`)}` }), 'key_invalid'],
  ['a key of another tenant', () => post('acme', bearer(key)), 'key_invalid'],
  ['an access token where keys are wanted', () => post('keys', bearer(token)), 'key_invalid'],
  ['a key where people sign in', () => post('people', bearer(key)), 'token_invalid'],
  ['an invented key next to nothing else', () => post('both', bearer(newApiKey())), 'key_invalid'],
  [
    'a good key behind an invented token',
    () => post('header', { ...bearer('sp_at_x'), 'x-api-key': key }),
    'token_invalid',
  ],
  ['a key and a token in one header', () => post('both', bearer(`${key}, Bearer ${token}`)), 'key_invalid'],
]

test('without a trick keys open what they are for', async () => {
  expect((await post('keys', bearer(key))).status).toBe(200)
  expect((await post('both', bearer(key))).status).toBe(200)
  expect((await post('both', bearer(token))).status).toBe(200)
  expect((await post('header', { 'x-api-key': key })).status).toBe(200)
  expect((await post('acme', bearer(foreignKey))).status).toBe(200)
})

test.each(attacks)('%s', async (_, attempt, reason) => {
  const before = upstream.requests.length
  const answer = await attempt()
  expect(answer.message?.error?.data?.reason).toBe(reason)
  expect(answer.status).toBe(reason === 'token_misplaced' ? 400 : 401)
  expect(answer.headers['www-authenticate']).toBeTruthy()
  expect(upstream.requests.length).toBe(before)
  const requestId = answer.headers['x-request-id']
  const event = await gateway.waitForEvent((each) => each.requestId === requestId)
  expect(event).toMatchObject({ type: 'mcp_request_rejected', reason, subject: null })
  for (const secret of [key, token]) expect(answer.text + JSON.stringify(event)).not.toContain(secret)
})

test('a key neither refreshes, nor revokes, nor authenticates a client', async () => {
  const endpoint = `${gateway.publicUrl}/oauth/token`
  const refreshed = await sendForm(endpoint, `grant_type=refresh_token&refresh_token=${key}&client_id=billing`)
  expect(refreshed.status).toBe(401)
  const granted = await sendForm(endpoint, 'grant_type=client_credentials', {
    authorization: `Basic ${btoa(`billing:${key}`)}`,
  })
  expect(granted.status).toBe(401)
  expect(JSON.parse(granted.text)).toMatchObject({ error: 'invalid_client' })
  expect((await post('keys', bearer(key))).status).toBe(200)
})

test('keys do not reach the upstream, in whatever header they came', async () => {
  const before = upstream.requests.length
  await post('keys', bearer(key))
  await post('header', { 'x-api-key': key })
  expect(upstream.requests.length).toBe(before + 2)
  expect(JSON.stringify(upstream.requests.slice(before))).not.toContain(key)
})
