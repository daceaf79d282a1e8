import { Client } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReasonCode } from '../../src/errors/reasons.ts'
import { completeSignIn, openBrowser } from '../harness/browser-login.ts'
import { authorize, type ObtainedTokens, obtainToken, registerClient, revokeToken } from '../harness/obtain-token.ts'
import { type PostAnswer, postRaw } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { signIn } from '../harness/write-project.ts'

let upstream: EchoUpstream
let gateway: TestGateway
let owner: ObtainedTokens
beforeAll(async () => {
  upstream = await startEchoUpstream()
  const servers = { tracker: { upstream: upstream.url, inbound: ['sign-in'] } }
  gateway = await startTestGateway({
    servers: { ...servers, other: { upstream: upstream.url, inbound: ['sign-in'] } },
    policies: signIn(),
  })
  owner = await obtainToken(gateway.publicUrl, gateway.server('tracker'))
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
const post = (headers: { [name: string]: string }, url = gateway.server('tracker'), body = list) =>
  postRaw(url, body, headers)
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** One attack on a virtual server: what is sent, and the reason of the refusal. */
interface TokenAttack {
  readonly name: string
  readonly attempt: () => Promise<PostAnswer>
  readonly reason: ReasonCode
  readonly status: number
}

const invalid = { reason: 'token_invalid', status: 401 } as const
const missing = { reason: 'token_missing', status: 401 } as const
const misplaced = { reason: 'token_misplaced', status: 400 } as const

const attacks: readonly TokenAttack[] = [
  {
    name: 'token type confusion: a refresh token',
    attempt: () => post(bearer(owner.refreshToken ?? '')),
    ...invalid,
  },
  {
    name: 'token type confusion: an authorization code',
    attempt: async () => {
      const clientId = await registerClient(gateway.publicUrl)
      const { code } = await authorize(gateway.publicUrl, gateway.server('tracker'), clientId, 'ada')
      return post(bearer(code))
    },
    ...invalid,
  },
  { name: 'token type confusion: a client id', attempt: () => post(bearer(owner.clientId)), ...invalid },
  { name: 'a token that is cut off', attempt: () => post(bearer(owner.accessToken.slice(0, -1))), ...invalid },
  { name: 'a token with more behind it', attempt: () => post(bearer(`${owner.accessToken}A`)), ...invalid },
  { name: 'a token in another case', attempt: () => post(bearer(owner.accessToken.toLowerCase())), ...invalid },
  { name: 'a token without its prefix', attempt: () => post(bearer(owner.accessToken.slice(6))), ...invalid },
  {
    name: 'a JWT that nobody signed',
    attempt: () => post(bearer('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.')),
    ...invalid,
  },
  { name: 'names of the prototype of objects', attempt: () => post(bearer('sp_at___proto__')), ...invalid },
  { name: 'a token of many kilobytes', attempt: () => post(bearer(`sp_at_${'A'.repeat(8000)}`)), ...invalid },
  {
    name: 'a token of another virtual server',
    attempt: () => post(bearer(owner.accessToken), gateway.server('other')),
    reason: 'token_wrong_audience',
    status: 401,
  },
  {
    name: 'a token that its client revoked',
    attempt: async () => {
      const tokens = await obtainToken(gateway.publicUrl, gateway.server('tracker'))
      expect((await post(bearer(tokens.accessToken))).status).toBe(200)
      await revokeToken(gateway.publicUrl, tokens.clientId, tokens.accessToken)
      return post(bearer(tokens.accessToken))
    },
    reason: 'token_revoked',
    status: 401,
  },
  {
    name: 'a token in the query',
    attempt: () => post({}, `${gateway.server('tracker')}?access_token=${owner.accessToken}`),
    ...misplaced,
  },
  {
    name: 'a token in the query under another name, which the upstream would receive',
    attempt: () => post(bearer(owner.accessToken), `${gateway.server('tracker')}?key=${owner.accessToken}`),
    ...misplaced,
  },
  {
    name: 'a token as form body',
    attempt: () =>
      post({ 'content-type': 'application/x-www-form-urlencoded' }, undefined, `access_token=${owner.accessToken}`),
    ...missing,
  },
  {
    name: 'a token as member of the message',
    attempt: () => post({}, undefined, list.replace('{}', `{"_meta":{"authorization":"Bearer ${owner.accessToken}"}}`)),
    ...missing,
  },
  { name: 'a token in a cookie', attempt: () => post({ cookie: `access_token=${owner.accessToken}` }), ...missing },
  {
    name: 'a token as Basic password',
    attempt: () => post({ authorization: `Basic ${btoa(`ada:${owner.accessToken}`)}` }),
    ...misplaced,
  },
  {
    name: 'two tokens in one header',
    attempt: () => post({ authorization: `Bearer sp_at_x, Bearer ${owner.accessToken}` }),
    ...misplaced,
  },
  ...['x-forwarded-authorization', 'x-original-authorization', 'proxy-authorization', 'x-auth-token'].map(
    (header): TokenAttack => ({
      name: `header smuggling: the token in ${header}`,
      attempt: () => post({ [header]: `Bearer ${owner.accessToken}` }),
      ...missing,
    }),
  ),
  ...['x-forwarded-user', 'x-remote-user', 'x-user', 'remote-user'].map(
    (header): TokenAttack => ({
      name: `header smuggling: a person named in ${header}`,
      attempt: () => post({ [header]: 'ada' }),
      ...missing,
    }),
  ),
  {
    name: 'a session id instead of a token',
    attempt: () => post({ 'mcp-session-id': 'ada', 'mcp-protocol-version': '2025-11-25' }),
    ...missing,
  },
  {
    name: 'the session cookie of a person who is signed in',
    attempt: async () => post({ cookie: await signedInCookies() }),
    ...missing,
  },
  {
    name: 'path confusion: another virtual server behind dot segments that only the token check would see',
    attempt: () => postPath('/mcp/tracker/%2e%2e/other'),
    reason: 'route_not_found',
    status: 404,
  },
  {
    name: 'path confusion: another virtual server in another case',
    attempt: () => postPath('/MCP/tracker'),
    reason: 'route_not_found',
    status: 404,
  },
  {
    name: 'path confusion: dot segments as they are',
    attempt: () => postPath('/mcp/other/../tracker'),
    reason: 'route_not_found',
    status: 404,
  },
  {
    name: 'path confusion: an encoded slash',
    attempt: () => postPath('/mcp%2ftracker'),
    reason: 'route_not_found',
    status: 404,
  },
  {
    name: 'path confusion: a URL that a proxy in front might have rewritten',
    attempt: () => post({ ...bearer(owner.accessToken), 'x-original-url': '/mcp/tracker' }, gateway.server('other')),
    reason: 'token_wrong_audience',
    status: 401,
  },
]

/** Sends the path as it is: URL parsers would resolve dot segments. */
async function postPath(path: string): Promise<PostAnswer> {
  const client = new Client(gateway.publicUrl)
  const headers = { ...bearer(owner.accessToken), 'content-type': 'application/json', accept: 'application/json' }
  const answer = await client.request({ path, method: 'POST', headers, body: list })
  const text = await answer.body.text()
  await client.close()
  return { status: answer.statusCode, headers: answer.headers, text, isComplete: true, message: undefined }
}

async function signedInCookies(): Promise<string> {
  const browser = openBrowser()
  const clientId = await registerClient(gateway.publicUrl)
  const url = new URL(`${gateway.publicUrl}/oauth/authorize`)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: 'http://127.0.0.1:53683/callback',
    code_challenge: 'a'.repeat(43),
    code_challenge_method: 'S256',
    resource: gateway.server('tracker'),
  }).toString()
  await completeSignIn(url, { subject: 'ada', browser })
  const cookies = [...browser.cookies].map(([key, { value }]) => `${key.split(' ')[0]}=${value}`)
  expect(cookies.length).toBeGreaterThan(0)
  return cookies.join('; ')
}

test('without a trick the token opens its virtual server', async () => {
  expect((await post(bearer(owner.accessToken))).status).toBe(200)
})

test.each(attacks)('$name', async ({ attempt, status, reason }) => {
  const before = upstream.requests.length
  const answer = await attempt()
  expect({ status: answer.status, reason: readReason(answer) }).toEqual({ status, reason })
  expect(upstream.requests.length - before).toBeLessThanOrEqual(reason === 'token_revoked' ? 1 : 0)
  const requestId = answer.headers['x-request-id']
  const event = await gateway.waitForEvent((each) => each.requestId === requestId)
  expect(event).toMatchObject({ type: 'mcp_request_rejected', reason, subject: null })
  expect(event.outcome).not.toBe('success')
  expect(JSON.stringify(event)).not.toContain(owner.accessToken)
  expect(answer.text).not.toContain(owner.accessToken)
  if (status === 401) expect(answer.headers['www-authenticate']).toMatch(/^Bearer .*resource_metadata="/)
})

function readReason(answer: PostAnswer): unknown {
  const { reason } = JSON.parse(answer.text) as { reason?: string }
  return answer.message?.error?.data?.reason ?? reason
}
