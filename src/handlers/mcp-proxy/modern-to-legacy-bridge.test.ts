import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askLegacy, askModern, createTestProxy, type ProxyAnswer } from '../../../test/harness/ask-proxy.ts'
import {
  createFakeCredentials,
  createMemoryCatalogs,
  type FakeCredentials,
  tokenOf,
} from '../../../test/harness/fake-credentials.ts'
import { type AccountUpstream, startAccountUpstream } from '../../../test/harness/upstreams/account-upstream.ts'
import { sendJson, startUpstream } from '../../../test/harness/upstreams/listen.ts'
import { handshakeResult, textResult } from '../../../test/harness/upstreams/mcp-results.ts'
import { waitUntil } from '../../../test/harness/wait-until.ts'
import type { McpHandler } from '../../contracts/handler.ts'

let upstream: AccountUpstream
let credentials: FakeCredentials
let proxy: McpHandler
const start = (options: object = {}) => {
  proxy = createTestProxy(upstream.url, credentials, createMemoryCatalogs(), options)
}
beforeEach(async () => {
  upstream = await startAccountUpstream({ sessions: true, older: true })
  credentials = createFakeCredentials()
  credentials.accounts.set('ada', tokenOf('a')).set('bob', tokenOf('b'))
  start()
})
afterEach(async () => {
  await proxy.close?.()
  await upstream.close()
})

const whoami = { name: 'whoami', arguments: {} }
const call = (subject: string, capabilities: object = {}) =>
  askModern(proxy, 'tools/call', whoami, { subject, capabilities })
const textOf = ({ result }: ProxyAnswer) => (result?.['content'] as { text: string }[] | undefined)?.[0]?.text
const received = (method: string) => upstream.requests.filter(({ message }) => message.method === method)

describe('an upstream that turns out to be older', () => {
  it('is asked in the era of the client once, and then in its own', async () => {
    expect(textOf(await call('ada'))).toBe('token-of-a')
    // The second one makes sure that it was not this call alone.
    expect(upstream.unknown).toEqual(['tools/call', 'server/discover'])
    expect(textOf(await call('ada'))).toBe('token-of-a')
    expect(upstream.unknown).toHaveLength(2)
    expect(received('initialize')).toHaveLength(1)
  })

  it('is found out under each credential by itself', async () => {
    await call('ada')
    await call('bob')
    expect(upstream.unknown).toEqual(['tools/call', 'server/discover', 'tools/call', 'server/discover'])
  })

  it('answers discovery from its handshake, with one request in vain', async () => {
    const { result } = await askModern(proxy, 'server/discover', {}, { subject: 'ada' })
    expect(result).toMatchObject({
      supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'],
      capabilities: { tools: {} },
      cacheScope: 'private',
    })
    expect(upstream.unknown).toEqual(['server/discover'])
  })

  it('still serves older clients as it is', async () => {
    await call('ada')
    const { session } = await askLegacy(proxy, 'initialize', { protocolVersion: '2025-11-25' }, { subject: 'ada' })
    expect(textOf(await askLegacy(proxy, 'tools/call', whoami, { subject: 'ada', session }))).toBe('token-of-a')
  })

  it('hears nothing of what only 2026-07-28 has', async () => {
    await call('ada')
    const count = upstream.requests.length
    const { error, status } = await askModern(proxy, 'tasks/get', { taskId: 't' }, { subject: 'ada' })
    expect({ code: error?.code, status }).toEqual({ code: -32601, status: 404 })
    expect(upstream.requests).toHaveLength(count)
  })

  it('receives none of the headers of 2026-07-28', async () => {
    await call('ada')
    for (const { headers } of upstream.requests) {
      expect(Object.keys(headers).filter((name) => /^mcp-(?:method|name|param)/.test(name))).toEqual([])
      expect(headers['mcp-protocol-version']).not.toBe('2026-07-28')
    }
    expect(received('tools/call')[0]?.headers).toMatchObject({ 'mcp-protocol-version': '2025-11-25' })
  })
})

describe('a session', () => {
  it('belongs to one person and one set of capabilities', async () => {
    for (const subject of ['ada', 'bob', 'ada', 'bob']) await call(subject)
    expect(received('initialize')).toHaveLength(2)
    await call('ada', { elicitation: {} })
    expect(received('initialize').at(-1)?.message.params).toMatchObject({ capabilities: { elicitation: {} } })
    expect(received('initialize')).toHaveLength(3)
    await call('ada')
    expect(received('initialize')).toHaveLength(3)
  })

  it('is begun once, however many calls come at the same time', async () => {
    await call('ada')
    upstream.sessions.clear()
    const answers = await Promise.all([1, 2, 3, 4].map(() => call('ada')))
    expect(answers.map(textOf)).toEqual(answers.map(() => 'token-of-a'))
    // The first one, and one for all four that found it gone.
    expect(received('initialize').length).toBeLessThanOrEqual(3)
  })

  it('is never used with the credential of another account', async () => {
    await call('ada')
    credentials.accounts.set('ada', tokenOf('second'))
    expect(textOf(await call('ada'))).toBe('token-of-second')
    expect(received('initialize')).toHaveLength(2)
  })

  it('goes on with a token that was refreshed', async () => {
    await call('ada')
    const [id = ''] = upstream.sessions.keys()
    upstream.sessions.set(id, 'refreshed')
    credentials.accounts.set('ada', tokenOf('a', 'refreshed', 2))
    expect(textOf(await call('ada'))).toBe('refreshed')
    expect(received('initialize')).toHaveLength(1)
  })

  it('is begun with a renewed credential where the first one is refused', async () => {
    await call('ada')
    upstream.sessions.clear()
    upstream.refusals.set('token-of-a', { status: 401 })
    credentials.renewals.set('ada', tokenOf('a', 'renewed', 2))
    expect(textOf(await call('ada'))).toBe('renewed')
    expect(credentials.refusals).toHaveLength(1)
  })

  it.each([500, 503, 429])('is not begun, and nothing is learnt, by an upstream that answers %i', async (status) => {
    upstream.refusals.set('token-of-a', { status })
    const { refusal } = await call('ada')
    expect(refusal?.reason).toMatch(/^upstream_/)
    upstream.refusals.clear()
    expect(textOf(await call('ada'))).toBe('token-of-a')
    expect(upstream.unknown).toEqual(['tools/call', 'server/discover'])
  })
})

it('a call that takes too long is cancelled upstream, and says so', async () => {
  const seen: { method: string; params?: object }[] = []
  const slow = await startUpstream((message, request, response) => {
    if (request.headers['mcp-protocol-version'] === '2026-07-28') return response.writeHead(404).end()
    seen.push(message)
    if (message.id === undefined) return response.writeHead(202).end()
    if (message.method !== 'tools/call')
      sendJson(response, { jsonrpc: '2.0', id: message.id, result: handshakeResult(message) })
    return undefined
  })
  const impatient = createTestProxy(
    slow.url,
    credentials,
    createMemoryCatalogs(),
    {},
    { upstreamFirstByteSeconds: 0.2 },
  )
  for (const capabilities of [{}, { elicitation: {} }]) {
    const { refusal } = await askModern(impatient, 'tools/call', whoami, { subject: 'ada', capabilities })
    expect(refusal?.reason).toBe('upstream_timeout')
    await waitUntil('the cancellation', () => seen.at(-1)?.method === 'notifications/cancelled')
  }
  await impatient.close?.()
  await slow.close()
})

describe('what the operator wrote', () => {
  it('`legacy`: nothing is tried in 2026-07-28', async () => {
    start({ protocol: 'legacy' })
    expect(textOf(await call('ada'))).toBe('token-of-a')
    expect(upstream.unknown).toEqual([])
  })

  it('`modern`: the refusal of an older upstream stays one', async () => {
    start({ protocol: 'modern' })
    const { error, status } = await call('ada')
    expect({ code: error?.code, status }).toEqual({ code: -32000, status: 400 })
    expect(received('initialize')).toEqual([])
  })
})

it('an upstream of both eras is never taken for an older one by a message that it does not like', async () => {
  const methods: string[] = []
  const both = await startUpstream((message, _, response) => {
    const { id, method, params } = message
    methods.push(method)
    if (params?.['name'] === 'odd')
      sendJson(response, { jsonrpc: '2.0', id, error: { code: -32600, message: 'no' } }, 400)
    else sendJson(response, { jsonrpc: '2.0', id, result: handshakeResult(message) ?? textResult('fine') })
  })
  const other = createTestProxy(both.url, credentials, createMemoryCatalogs())
  const odd = await askModern(other, 'tools/call', { name: 'odd', arguments: {} }, { subject: 'ada' })
  expect(odd.error?.code).toBe(-32600)
  expect(textOf(await askModern(other, 'tools/call', whoami, { subject: 'ada' }))).toBe('fine')
  expect(methods).toEqual(['tools/call', 'server/discover', 'tools/call'])
  await other.close?.()
  await both.close()
})
