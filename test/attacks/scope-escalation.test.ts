import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  buildAuthorization,
  refresh,
  registerClient,
  type SignedIn,
  sendJson,
  signIn,
} from '../harness/authorization-server.ts'
import { openBrowser, openPage } from '../harness/browser-login.ts'
import { callTool, type PostAnswer, postLegacy, postModern, postRaw } from '../harness/post-message.ts'
import { runCli } from '../harness/run-cli.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'

let upstream: EchoUpstream
let gateway: TestGateway
let tracker: string
let plain: SignedIn

const scopes = {
  tracker: { tools: { 'delete_*': ['issues:delete'] } },
  keyed: { tools: { drop: ['keyed:drop'] } },
  other: { base: ['other:use'], tools: { drop: ['other:drop'] } },
  told: { tools: { 'delete_*': ['issues:delete'] }, stepUp: 'tool-error' },
}

const reporter = { id: 'reporter', name: 'Reporter', secret: 'secret-of-the-reporter', servers: ['*'] }
const janitor = { ...reporter, id: 'janitor', name: 'Janitor', scopes: ['issues:delete'] }

beforeAll(async () => {
  upstream = await startEchoUpstream()
  const server = { upstream: upstream.url, inbound: ['sign-in'] }
  gateway = await startTestGateway({
    settings: { clients: [reporter, janitor] },
    servers: { tracker: server, other: server, told: server, keyed: { ...server, inbound: ['keys', 'sign-in'] } },
    policies: {
      'sign-in': ['mcp-oauth-inbound', { browserLogin: { url: '/oauth/dev-login' }, scopes }],
      keys: ['api-key-inbound', {}],
    },
  })
  tracker = gateway.server('tracker')
  plain = await signIn(gateway.publicUrl, { resource: tracker })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

/** Refused with a challenge that names everything the call needs, and the upstream saw nothing. */
async function expectRefused(attempt: () => Promise<PostAnswer>): Promise<PostAnswer> {
  const before = upstream.requests.length
  const answer = await attempt()
  expect(answer.status, answer.text).toBe(403)
  expect(answer.message?.error?.data?.reason).toBe('token_insufficient_scope')
  expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"')
  expect(answer.headers['www-authenticate']).toContain('scope="mcp:tools issues:delete"')
  expect(upstream.requests).toHaveLength(before)
  const { 'x-request-id': requestId } = answer.headers
  await gateway.waitForEvent((event) => event.requestId === requestId && event.reason === 'token_insufficient_scope')
  return answer
}

test('with the scope the call arrives, and without it every other call does', async () => {
  const wide = await signIn(gateway.publicUrl, { resource: tracker, scope: 'mcp:tools issues:delete' })
  expect(wide.body['scope']).toBe('mcp:tools issues:delete')
  expect((await callTool(tracker, wide.accessToken, 'delete_issue')).status).toBe(200)
  expect((await callTool(tracker, plain.accessToken, 'echo')).status).toBe(200)
})

test('scope escalation: a tool beyond the token, where the client is told in a result', async () => {
  const told = gateway.server('told')
  const { accessToken } = await signIn(gateway.publicUrl, { resource: told })
  const before = upstream.requests.length
  const params = { name: 'delete_issue', arguments: {} }
  for (const [era, post] of [
    ['modern', postModern],
    ['legacy', postLegacy],
  ] as const) {
    const answer = await post(told, accessToken, 'tools/call', params)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers['www-authenticate']).toBeUndefined()
    const result = answer.message?.result as { isError: boolean; resultType?: string; content: { text: string }[] }
    expect(result).toMatchObject({ isError: true, content: [{ type: 'text' }] })
    expect(result.resultType).toBe(era === 'modern' ? 'complete' : undefined)
    expect(result.content[0]?.text).toMatch(
      /"delete_issue" was not called.*token_insufficient_scope.*"mcp:tools issues:delete"/,
    )
    const { 'x-request-id': requestId } = answer.headers
    const event = await gateway.waitForEvent((each) => each.requestId === requestId)
    expect(event).toMatchObject({
      type: 'mcp_request_rejected',
      outcome: 'denied',
      reason: 'token_insufficient_scope',
      httpStatus: 200,
      policy: 'sign-in',
    })
  }
  // A notification has no answer to put it in, and a token without the base scopes is challenged all the same.
  const notification = JSON.stringify({ jsonrpc: '2.0', method: 'tools/call', params })
  const headers = { authorization: `Bearer ${accessToken}`, 'mcp-protocol-version': '2025-11-25' }
  expect((await postRaw(told, notification, headers)).status).toBe(403)
  expect((await postModern(told, plain.accessToken, 'tools/call', params)).status).toBe(401)
  expect(upstream.requests).toHaveLength(before)
})

test('scope escalation: a tool beyond the token, in both eras, with the id of the call', async () => {
  const modern = await expectRefused(() => callTool(tracker, plain.accessToken, 'delete_issue'))
  expect(modern.message?.id).toBe(1)
  const params = { name: 'delete_issue', arguments: {} }
  const legacy = await expectRefused(() => postLegacy(tracker, plain.accessToken, 'tools/call', params, 7))
  expect(legacy.message?.id).toBe(7)
})

test.each(['DELETE_ISSUE', 'Delete_Issue', ' delete_issue', 'delete_issue ', 'delete_*', 'delete_', 'delete_nothing'])(
  'scope escalation: the tool name %j, for an upstream that takes names loosely',
  async (name) => {
    await expectRefused(() => postLegacy(tracker, plain.accessToken, 'tools/call', { name, arguments: {} }))
  },
)

test('scope escalation: a call as a notification', async () => {
  const body = JSON.stringify({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'delete_issue', arguments: {} } })
  const headers = { authorization: `Bearer ${plain.accessToken}`, 'mcp-protocol-version': '2025-11-25' }
  const before = upstream.requests.length
  expect((await postRaw(tracker, body, headers)).status).toBeGreaterThanOrEqual(400)
  expect(upstream.requests).toHaveLength(before)
})

test('scope escalation: a header that names a harmless tool', async () => {
  const params = { name: 'delete_issue', arguments: {} }
  const before = upstream.requests.length
  const answer = await postModern(tracker, plain.accessToken, 'tools/call', params, { 'mcp-name': 'echo' })
  expect(answer.status).toBe(400)
  expect(upstream.requests).toHaveLength(before)
})

describe('scopes that were not allowed are not obtained', () => {
  test('scope escalation by refresh', async () => {
    const owner = await signIn(gateway.publicUrl, { resource: tracker })
    const { status, body } = await refresh(gateway.publicUrl, owner.clientId, owner.refreshToken, {
      resource: tracker,
      scope: 'mcp:tools issues:delete',
    })
    expect(status).toBe(400)
    expect(body['error']).toBe('invalid_scope')
    expect(body['access_token']).toBeUndefined()
  })

  test('scope escalation by refresh without naming scopes', async () => {
    const owner = await signIn(gateway.publicUrl, { resource: tracker })
    const { body } = await refresh(gateway.publicUrl, owner.clientId, owner.refreshToken, { resource: tracker })
    expect(body['scope']).toBe('mcp:tools')
    await expectRefused(() => callTool(tracker, String(body['access_token']), 'delete_issue'))
  })

  test('scope escalation: scopes of another virtual server', async () => {
    const owner = await signIn(gateway.publicUrl, { resource: tracker, scope: 'other:use other:drop' })
    expect(owner.body['scope']).toBe('mcp:tools')
    const other = gateway.server('other')
    const stranger = await signIn(gateway.publicUrl, { resource: other, scope: 'mcp:tools issues:delete' })
    expect(stranger.body['scope']).toBe('other:use')
    const misused = await callTool(tracker, stranger.accessToken, 'delete_issue')
    expect(misused.message?.error?.data?.reason).toBe('token_wrong_audience')
  })

  test.each(['issues:*', '*', 'ISSUES:DELETE', 'issues:delete,mcp:tools', 'issues:delete\tx'])(
    'scope escalation: the scope %j is not the one that is meant',
    async (scope) => {
      const owner = await signIn(gateway.publicUrl, { resource: tracker, scope })
      expect(owner.body['scope']).toBe('mcp:tools')
    },
  )

  test('a person sees the scope and its tools before allowing it', async () => {
    const clientId = String((await registerClient(gateway.publicUrl)).body['client_id'])
    const scope = 'mcp:tools issues:delete'
    const asked = buildAuthorization(gateway.publicUrl, clientId, { resource: tracker, scope })
    const browser = openBrowser()
    const login = await openPage(browser, asked.url)
    const form_token = /name="form_token" value="([^"]+)"/.exec(login.text)?.[1] ?? ''
    const next = await browser.post(login.url, { form_token, name: 'ada' })
    const page = await openPage(browser, next.location ?? '')
    expect(page.text).toContain('<code>issues:delete</code>')
    expect(page.text).toContain('<code>delete_*</code>')
  })
})

describe('programs that nobody watches', () => {
  async function askToken({ id, secret }: typeof reporter, scope: string) {
    const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
    const form = { grant_type: 'client_credentials', resource: tracker, ...(scope !== '' && { scope }) }
    return (await sendJson(`${gateway.publicUrl}/oauth/token`, { form, headers })).body
  }

  test('scope escalation by client credentials: only scopes that the operator named', async () => {
    const greedy = await askToken(reporter, 'mcp:tools issues:delete')
    expect(greedy['scope']).toBe('mcp:tools')
    await expectRefused(() => callTool(tracker, String(greedy['access_token']), 'delete_issue'))
    expect((await askToken(janitor, ''))['scope']).toBe('mcp:tools')
    const allowed = await askToken(janitor, 'issues:delete other:drop')
    expect(allowed['scope']).toBe('mcp:tools issues:delete')
    expect((await callTool(tracker, String(allowed['access_token']), 'delete_issue')).status).toBe(200)
  })

  test('the command line names scopes too', async () => {
    const flags = ['--json', '--server', 'tracker', '--scope', 'issues:delete']
    const { out } = await runCli('clients', 'create', 'Cleaner', gateway.directory, ...flags)
    const body = await askToken(JSON.parse(out) as typeof reporter, 'issues:delete')
    expect(body['scope']).toBe('mcp:tools issues:delete')
  })

  test('scope escalation by an API key: it carries no scopes', async () => {
    const { out } = await runCli('keys', 'create', 'robot', gateway.directory, '--json')
    const { key } = JSON.parse(out) as { key: string }
    const call = (name: string) => postLegacy(gateway.server('keyed'), key, 'tools/call', { name, arguments: {} })
    expect((await call('echo')).status).toBe(200)
    const before = upstream.requests.length
    const refused = await call('drop')
    expect([refused.status, refused.message?.error?.data?.reason]).toEqual([403, 'token_insufficient_scope'])
    expect(upstream.requests).toHaveLength(before)
  })
})
