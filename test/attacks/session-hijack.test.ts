import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomId } from '../../src/lib/random-id.ts'
import { authorize, obtainToken, redeemCode } from '../harness/obtain-token.ts'
import { type PostAnswer, postRaw } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'
import { handshakeResult, textResult } from '../harness/upstreams/mcp-results.ts'
import { signIn } from '../harness/write-project.ts'

/** Session ids that reached the upstream, and those that it gave out. */
const reached: unknown[] = []
const given: string[] = []
let upstream: RunningUpstream
let gateway: TestGateway
let ada: { clientId: string; accessToken: string }
let session: string

beforeAll(async () => {
  upstream = await startUpstream((message, request, response) => {
    const handshake = handshakeResult(message)
    if (handshake) given.push(randomId())
    else reached.push(request.headers['mcp-session-id'])
    const headers: Record<string, string> = handshake ? { 'mcp-session-id': given.at(-1) ?? '' } : {}
    sendJson(
      response,
      { jsonrpc: '2.0', id: message.id, result: handshake ?? textResult('secret of ada') },
      200,
      headers,
    )
  })
  const server = { upstream: upstream.url, inbound: ['sign-in'] }
  gateway = await startTestGateway({ servers: { tracker: server, other: server }, policies: signIn() })
  ada = await obtainToken(gateway.publicUrl, gateway.server('tracker'))
  session = await openSession(ada.accessToken)
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const post = (token: string, method: string, extra: { [name: string]: string } = {}, server = 'tracker') =>
  postRaw(gateway.server(server), JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { name: 'x' } }), {
    ...(token !== '' && { authorization: `Bearer ${token}` }),
    'mcp-protocol-version': '2025-11-25',
    ...extra,
  })
const call = (token: string, id: string, server?: string) => post(token, 'tools/call', { 'mcp-session-id': id }, server)

async function openSession(token: string): Promise<string> {
  const { status, headers } = await post(token, 'initialize')
  expect(status).toBe(200)
  return String(headers['mcp-session-id'])
}

const thieves: { readonly [name: string]: () => Promise<PostAnswer> } = {
  'another person': async () => {
    const mallory = await obtainToken(gateway.publicUrl, gateway.server('tracker'), 'mallory')
    return call(mallory.accessToken, session)
  },
  'another person at the same client': async () => {
    const { code, verifier } = await authorize(gateway.publicUrl, gateway.server('tracker'), ada.clientId, 'mallory')
    const mallory = await redeemCode(gateway.publicUrl, gateway.server('tracker'), ada.clientId, code, verifier)
    return call(mallory.accessToken, session)
  },
  'another client of the same person': async () => {
    const other = await obtainToken(gateway.publicUrl, gateway.server('tracker'), 'ada')
    return call(other.accessToken, session)
  },
  'the same person at another virtual server': async () => {
    const other = await obtainToken(gateway.publicUrl, gateway.server('other'), 'ada')
    return call(other.accessToken, session, 'other')
  },
  'who knows the session id of the upstream': () => call(ada.accessToken, given[0] ?? ''),
  'who changes the session id': () =>
    call(ada.accessToken, session.slice(0, -2) + (session.endsWith('A') ? 'BB' : 'AA')),
  'who makes a session id up': () => call(ada.accessToken, 'x'.repeat(40)),
}

test('the owner of a session uses it, and the upstream sees its own id only', async () => {
  expect((await call(ada.accessToken, session)).text).toContain('secret of ada')
  expect(reached.at(-1)).toBe(given[0])
  expect(session).not.toContain(given[0])
})

test.each(Object.entries(thieves))('a session id in the hands of %s opens nothing', async (_, attempt) => {
  const before = reached.length
  const answer = await attempt()
  expect(answer.status).toBe(404)
  expect(answer.message?.error?.data?.reason).toBe('session_unknown')
  expect(answer.text).not.toContain('secret of ada')
  expect(reached.length).toBe(before)
  const requestId = answer.headers['x-request-id']
  const event = await gateway.waitForEvent((each) => each.requestId === requestId)
  expect(event.reason).toBe('session_unknown')
})

test('a session id without a token is not a sign-in', async () => {
  const before = reached.length
  const answer = await call('', session)
  expect(answer.status).toBe(401)
  expect(answer.message?.error?.data?.reason).toBe('token_missing')
  expect(reached.length).toBe(before)
})

test('session ids cannot be guessed: two of one person have nothing in common that says so', async () => {
  const [one, two] = [await openSession(ada.accessToken), await openSession(ada.accessToken)]
  expect(one).not.toBe(two)
  expect(Buffer.from(one, 'base64url').length).toBeGreaterThanOrEqual(16)
  for (const id of [one, two]) expect(Buffer.from(id, 'base64url').toString()).not.toContain('ada')
})
