import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askLegacy, createTestProxy, type ProxyAnswer, type ProxyCaller } from '../../../test/harness/ask-proxy.ts'
import {
  connectUrl,
  createFakeCredentials,
  createMemoryCatalogs,
  type FakeCredentials,
  tokenOf,
} from '../../../test/harness/fake-credentials.ts'
import {
  askFor,
  type ModernUpstream,
  sayText,
  startModernUpstream,
} from '../../../test/harness/upstreams/modern-upstream.ts'
import type { McpHandler } from '../../contracts/handler.ts'

let upstream: ModernUpstream
let credentials: FakeCredentials
let proxy: McpHandler

beforeEach(async () => {
  upstream = await startModernUpstream()
  upstream.onRequest = (request) => request.answer(sayText(String(request.headers.authorization)))
  credentials = createFakeCredentials()
  proxy = createTestProxy(upstream.url, credentials, createMemoryCatalogs())
})
afterEach(async () => {
  await proxy.close?.()
  await upstream.close()
})

const work = { name: 'work', arguments: {} }
const textOf = ({ result }: ProxyAnswer) => (result?.['content'] as { text: string }[] | undefined)?.[0]?.text
const call = (caller: ProxyCaller) => askLegacy(proxy, 'tools/call', work, caller)
const begin = (caller: ProxyCaller = {}) =>
  askLegacy(
    proxy,
    'initialize',
    { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
    caller,
  )

describe('a route that brokers credentials, in front of an upstream of 2026-07-28', () => {
  it("sends each person's call with their own", async () => {
    credentials.accounts.set('ada', tokenOf('a')).set('bob', tokenOf('b'))
    const { session, result } = await begin()
    expect(result).toMatchObject({ protocolVersion: '2025-06-18', serverInfo: { name: 'modern' } })
    const { session: bobs } = await begin({ subject: 'bob' })
    expect(textOf(await call({ session }))).toBe('Bearer token-of-a')
    expect(textOf(await call({ session: bobs, subject: 'bob' }))).toBe('Bearer token-of-b')
    expect((await call({ session, subject: 'bob' })).refusal?.reason).toBe('session_unknown')
  })

  it('goes on with a session that began before the person was connected', async () => {
    const { session } = await begin()
    expect(textOf(await call({ session }))).toContain(connectUrl)
    expect(upstream.requests).toEqual([])
    credentials.accounts.set('ada', tokenOf('a'))
    expect(textOf(await call({ session }))).toBe('Bearer token-of-a')
    expect((await askLegacy(proxy, 'tools/list', {}, { session })).result).toMatchObject({ tools: [{ name: 'work' }] })
  })

  it('renews what the upstream refuses, before the first answer and after it', async () => {
    credentials.accounts.set('ada', tokenOf('a', 'old'))
    const { session } = await begin()
    await call({ session })
    credentials.renewals.set('ada', tokenOf('a', 'new', 2))
    let calls = 0
    upstream.onRequest = (request) => {
      calls++
      if (request.headers.authorization === 'Bearer old' && calls > 1) {
        request.response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
      } else if (calls === 1) request.answer(askFor({}, 'once more'))
      else
        request.answer(
          sayText(`${String(request.headers.authorization)} ${String(request.message.params?.['requestState'])}`),
        )
    }
    expect(textOf(await call({ session }))).toBe('Bearer new once more')
    expect(credentials.refusals).toMatchObject([{ status: 401 }])
    calls = 10
    expect(textOf(await call({ session }))).toBe('Bearer new undefined')
  })

  it('asks to connect again where nothing else helps', async () => {
    credentials.accounts.set('ada', tokenOf('a', 'old'))
    const { session } = await begin()
    upstream.onRequest = (request) => request.response.writeHead(401).end()
    const answer = await call({ session })
    expect(answer.refusal?.reason).toBe('connection_reconsent_required')
    expect(textOf(answer)).toContain(connectUrl)
  })

  it.each([
    [429, 'upstream_rate_limited'],
    [403, 'upstream_unauthorized'],
    [503, 'upstream_refused'],
  ] as const)('says what a plain %i means', async (status, reason) => {
    credentials.accounts.set('ada', tokenOf('a'))
    const { session } = await begin()
    upstream.onRequest = (request) => request.response.writeHead(status).end()
    expect((await call({ session })).refusal?.reason).toBe(reason)
    // None of them says anything about the era.
    upstream.onRequest = (request) => request.answer(sayText('again'))
    expect(textOf(await call({ session }))).toBe('again')
  })

  it('forgets a session that its client ended', async () => {
    credentials.accounts.set('ada', tokenOf('a'))
    const { session } = await begin()
    const ended = {
      headers: { 'mcp-session-id': session },
      routeName: 'tracker',
      subject: { id: 'ada', tenant: 'default', clientId: 'client' },
    }
    expect(await proxy.endSession?.(ended as never)).toBeUndefined()
    expect((await call({ session })).refusal?.reason).toBe('session_unknown')
    expect(await proxy.openStream?.(ended as never)).toMatchObject({ reason: 'session_unknown' })
  })
})

it('a call that began as one account does not go on as another', async () => {
  credentials.accounts.set('ada', tokenOf('a'))
  const { session } = await begin()
  let calls = 0
  upstream.onRequest = (request) => {
    calls++
    credentials.accounts.set('ada', tokenOf('other'))
    request.answer(askFor({}, 'state of a'))
  }
  expect((await call({ session })).refusal?.reason).toBe('upstream_unauthorized')
  expect(calls).toBe(1)
})

it('an upstream that does not list its tools is asked for them once', async () => {
  credentials.accounts.set('ada', tokenOf('a'))
  const { session } = await begin()
  upstream.tools = undefined
  const listed = () => upstream.of('tools/list').length
  for (let each = 0; each < 3; each++) expect(textOf(await call({ session }))).toBe('Bearer token-of-a')
  expect(listed()).toBe(1)
})
