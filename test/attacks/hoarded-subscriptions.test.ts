import { afterAll, beforeAll, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postModern } from '../harness/post-message.ts'
import { type OpenAnswer, openAnswer } from '../harness/read-events.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type ModernUpstream, startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn } from '../harness/write-project.ts'

const mostPerPerson = 64

let upstream: ModernUpstream
let gateway: TestGateway
let url: string
beforeAll(async () => {
  upstream = await startModernUpstream()
  gateway = await startTestGateway({
    servers: { tracker: { upstream: upstream.url, inbound: ['sign-in'] } },
    policies: signIn(),
  })
  url = gateway.server('tracker')
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const listen = async (token: string): Promise<OpenAnswer> => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const params = { notifications: { toolsListChanged: true }, _meta }
  const stream = await openAnswer(
    url,
    {
      authorization: `Bearer ${token}`,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
    },
    { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params },
  )
  await stream.next()
  return stream
}

it('one person cannot hold all connections to an upstream by listening', async () => {
  const { accessToken: greedy } = await obtainToken(gateway.publicUrl, url, 'ada')
  const { accessToken: other } = await obtainToken(gateway.publicUrl, url, 'grace')
  const held = await Promise.all(Array.from({ length: mostPerPerson }, () => listen(greedy)))
  const notifications = { toolsListChanged: true }
  const refused = await postModern(url, greedy, 'subscriptions/listen', { notifications })
  expect(refused.status).toBe(429)
  expect(refused.message?.error?.data?.reason).toBe('limit_streams_exceeded')
  // What was refused holds nothing upstream.
  await upstream.of('subscriptions/listen').at(-1)?.closed
  const hers = await listen(other)
  held.pop()?.close()
  const again = await waitUntil('a place is free', () => listen(greedy).catch(() => undefined))
  for (const stream of [...held, hers, again]) stream.close()
})
