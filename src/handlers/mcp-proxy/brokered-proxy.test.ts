import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askLegacy, askModern, createTestProxy, type ProxyAnswer } from '../../../test/harness/ask-proxy.ts'
import {
  createFakeCredentials,
  createMemoryCatalogs,
  type FakeCredentials,
  tokenOf,
} from '../../../test/harness/fake-credentials.ts'
import { type AccountUpstream, startAccountUpstream } from '../../../test/harness/upstreams/account-upstream.ts'
import type { McpHandler } from '../../contracts/handler.ts'

let upstream: AccountUpstream
let credentials: FakeCredentials
let proxy: McpHandler
beforeEach(async () => {
  upstream = await startAccountUpstream({ sessions: true })
  credentials = createFakeCredentials()
  proxy = createTestProxy(upstream.url, credentials, createMemoryCatalogs())
})
afterEach(async () => {
  await proxy.close?.()
  await upstream.close()
})

const whoami = { name: 'whoami', arguments: {} }
const textOf = ({ result }: ProxyAnswer) => (result?.['content'] as { text: string }[] | undefined)?.[0]?.text

describe('the credential of a call', () => {
  it('is that of its subject', async () => {
    credentials.accounts.set('ada', tokenOf('a')).set('bob', tokenOf('b'))
    expect(textOf(await askModern(proxy, 'tools/call', whoami, { subject: 'ada' }))).toBe('token-of-a')
    expect(textOf(await askModern(proxy, 'tools/call', whoami, { subject: 'bob' }))).toBe('token-of-b')
  })

  it('goes before a header of the same name that a policy set, and leaves the others', async () => {
    credentials.accounts.set('ada', tokenOf('a'))
    const upstreamHeaders = { Authorization: 'Bearer of-a-policy', 'x-team': 'blue' }
    expect(textOf(await askModern(proxy, 'tools/call', whoami, { upstreamHeaders }))).toBe('token-of-a')
    expect(upstream.requests[0]?.headers).toMatchObject({ authorization: 'Bearer token-of-a', 'x-team': 'blue' })
  })
})

describe('when the upstream refuses the credential', () => {
  const challenge = { 'www-authenticate': 'Bearer error="invalid_token"' }

  it('the call is sent once more with a renewed one', async () => {
    credentials.accounts.set('ada', tokenOf('a', 'old'))
    credentials.renewals.set('ada', tokenOf('a', 'new', 2))
    upstream.refusals.set('old', { status: 401, headers: challenge })
    expect(textOf(await askModern(proxy, 'tools/call', whoami))).toBe('new')
    expect(credentials.refusals).toEqual([
      { status: 401, challenge: challenge['www-authenticate'], afterRenewal: false },
    ])
  })

  it('twice, the person has to connect again, and it is not sent a third time', async () => {
    credentials.accounts.set('ada', tokenOf('a', 'old'))
    credentials.renewals.set('ada', tokenOf('a', 'new', 2))
    upstream.refusals.set('old', { status: 401 }).set('new', { status: 401 })
    const answer = await askModern(proxy, 'tools/call', whoami)
    expect(answer.refusal?.reason).toBe('connection_reconsent_required')
    expect(answer.result).toMatchObject({ isError: true })
    expect(credentials.refusals.map(({ afterRenewal }) => afterRenewal)).toEqual([false, true])
    expect(upstream.refused).toBe(2)
  })

  it('for want of a scope, the source is asked for a better one', async () => {
    const scope = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="write"' }
    credentials.accounts.set('ada', tokenOf('a', 'narrow'))
    upstream.refusals.set('narrow', { status: 403, headers: scope })
    expect((await askModern(proxy, 'tools/call', whoami)).refusal?.reason).toBe('connection_reconsent_required')
    expect(credentials.refusals[0]).toMatchObject({ status: 403, challenge: scope['www-authenticate'] })
  })

  it.each([
    [403, {}, 'upstream_unauthorized', {}],
    [429, { 'retry-after': '7' }, 'upstream_rate_limited', { 'retry-after': '7' }],
    [503, { 'retry-after': '9' }, 'upstream_refused', { 'retry-after': '9' }],
  ] as const)('with a plain %i, no other credential is tried', async (status, headers, reason, passed) => {
    credentials.accounts.set('ada', tokenOf('a', 'refused'))
    upstream.refusals.set('refused', { status, headers })
    const { refusal } = await askModern(proxy, 'tools/call', whoami)
    expect(refusal?.reason).toBe(reason)
    expect(refusal?.details.headers).toEqual(passed)
    expect(credentials.refusals).toEqual([])
    expect(upstream.refused).toBe(1)
  })
})

describe('sessions of older revisions', () => {
  const initialize = (caller: object = {}) =>
    askLegacy(
      proxy,
      'initialize',
      { protocolVersion: '2025-11-25', capabilities: { roots: {} }, clientInfo: { name: 'c', version: '1' } },
      caller,
    )
  const call = (session: string | undefined) => askLegacy(proxy, 'tools/call', whoami, { session })
  const methods = () => upstream.requests.map(({ message }) => message.method)

  it('go to the session that the client began', async () => {
    credentials.accounts.set('ada', tokenOf('a'))
    const { session } = await initialize()
    expect(textOf(await call(session))).toBe('token-of-a')
    expect(methods()).toEqual(['initialize', 'tools/call'])
    expect([...upstream.sessions.keys()]).toEqual([upstream.requests[1]?.headers['mcp-session-id']])
    expect(session).not.toContain(String([...upstream.sessions.keys()][0]))
  })

  it('that began before the person was connected are begun upstream once, by whichever call comes first', async () => {
    const { session, result } = await initialize()
    expect(result).toMatchObject({ protocolVersion: '2025-11-25', capabilities: { tools: {} } })
    expect((await askLegacy(proxy, 'notifications/initialized', {}, { session, id: undefined })).status).toBe(202)
    expect(upstream.requests).toEqual([])
    credentials.accounts.set('ada', tokenOf('a'))
    const answers = await Promise.all([call(session), call(session), call(session)])
    expect(answers.map(textOf)).toEqual(['token-of-a', 'token-of-a', 'token-of-a'])
    expect(methods()).toEqual(['initialize', 'notifications/initialized', 'tools/call', 'tools/call', 'tools/call'])
    expect(upstream.requests[0]?.message.params).toMatchObject({
      clientInfo: { name: 'c' },
      capabilities: { roots: {} },
    })
  })

  it('are never used with the credential of another account', async () => {
    credentials.accounts.set('ada', tokenOf('a'))
    const { session } = await initialize()
    credentials.accounts.set('ada', tokenOf('other'))
    expect(textOf(await call(session))).toBe('token-of-other')
    expect(new Set(upstream.sessions.values())).toEqual(new Set(['token-of-a', 'token-of-other']))
    expect(textOf(await call(session))).toBe('token-of-other')
    expect(upstream.sessions.size).toBe(2)
  })

  it('that the gateway began are begun anew when the upstream forgot them', async () => {
    const { session } = await initialize()
    credentials.accounts.set('ada', tokenOf('a'))
    await call(session)
    upstream.sessions.clear()
    expect(textOf(await call(session))).toBe('token-of-a')
    expect(upstream.sessions.size).toBe(1)
  })

  it('that the client began are its own to begin anew', async () => {
    credentials.accounts.set('ada', tokenOf('a'))
    const { session } = await initialize()
    upstream.sessions.clear()
    expect((await call(session)).refusal?.reason).toBe('session_unknown')
  })

  it('whose beginning is refused are renewed like any call', async () => {
    const { session } = await initialize()
    credentials.accounts.set('ada', tokenOf('a', 'old'))
    credentials.renewals.set('ada', tokenOf('a', 'new', 2))
    upstream.refusals.set('old', { status: 401 })
    expect(textOf(await call(session))).toBe('new')
  })

  it('open for nobody else', async () => {
    credentials.accounts.set('ada', tokenOf('a')).set('bob', tokenOf('b'))
    const { session } = await initialize()
    const stolen = await askLegacy(proxy, 'tools/call', whoami, { session, subject: 'bob' })
    expect(stolen.refusal?.reason).toBe('session_unknown')
    expect(methods()).toEqual(['initialize'])
  })
})

it('answers belong to one credential of one person', async () => {
  const owner = async (subject: string) => proxy.cacheOwner?.({ subject: { id: subject } } as never)
  credentials.accounts.set('ada', tokenOf('a')).set('bob', tokenOf('a'))
  const [ada, bob] = [await owner('ada'), await owner('bob')]
  expect(ada).not.toBe(bob)
  credentials.accounts.set('ada', tokenOf('a', 'refreshed', 2))
  expect(await owner('ada')).toBe(ada)
  credentials.accounts.set('ada', tokenOf('other'))
  expect(await owner('ada')).not.toBe(ada)
  expect(await owner('nobody')).toBeUndefined()
})
