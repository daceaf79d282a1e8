import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postLegacy, postModern, postRaw } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { signIn } from '../harness/write-project.ts'

// The access token of a client opens the gateway and nothing else. It must not reach an upstream in any header, URL or body.
let upstream: EchoUpstream
let gateway: TestGateway
const tokens = new Map<string, string>()

beforeAll(async () => {
  upstream = await startEchoUpstream()
  gateway = await startTestGateway({
    servers: {
      bare: { upstream: upstream.url, inbound: ['sign-in'] },
      keyed: { upstream: upstream.url, inbound: ['sign-in', 'key'] },
      swapped: { upstream: upstream.url, inbound: ['key', 'sign-in'] },
    },
    policies: { ...signIn(), key: ['set-upstream-api-key-inbound', { value: 'Bearer upstream-key' }] },
  })
  for (const name of ['bare', 'keyed', 'swapped'])
    tokens.set(name, (await obtainToken(gateway.publicUrl, gateway.server(name))).accessToken)
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

describe.each(['bare', 'keyed', 'swapped'])('the token of a client, route %s', (name) => {
  it('never reaches the upstream', async () => {
    const url = gateway.server(name)
    const token = tokens.get(name) ?? ''
    const before = upstream.requests.length
    const call = { name: 'echo', arguments: {} }
    expect((await postModern(url, token, 'tools/call', call)).status).toBe(200)
    expect((await postLegacy(url, token, 'initialize', { protocolVersion: '2025-11-25' })).status).toBe(200)
    expect((await postLegacy(url, token, 'tools/call', call)).status).toBe(200)
    expect((await postModern(url, token, 'tools/list')).status).toBe(200)
    const sent = upstream.requests.slice(before)
    expect(sent.length).toBe(4)
    expect(JSON.stringify(sent)).not.toContain(token)
    for (const { headers } of sent) {
      expect(headers.authorization).toBe(name === 'bare' ? undefined : 'Bearer upstream-key')
    }
  })
})

it('neither cookies nor headers of the client or its hop reach the upstream', async () => {
  const hop = {
    cookie: 'session=secret',
    'proxy-authorization': 'Basic c2VjcmV0',
    'x-api-key': 'secret',
    'x-forwarded-for': '203.0.113.9',
    forwarded: 'for=203.0.113.9',
    referer: 'https://example.com/secret',
    'last-event-id': '7',
  }
  const headers = { authorization: `Bearer ${tokens.get('bare')}`, 'mcp-protocol-version': '2025-11-25', ...hop }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } })
  expect((await postRaw(gateway.server('bare'), body, headers)).status).toBe(200)
  const received = upstream.requests.at(-1)?.headers ?? {}
  expect(Object.keys(received).filter((name) => Object.hasOwn(hop, name))).toEqual([])
  expect(received.host).toBe(new URL(upstream.url).host)
})
