import { afterAll, beforeAll, expect, it } from 'vitest'
import { postLegacy, postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'
import { waitUntil } from '../harness/wait-until.ts'

let upstream: RunningUpstream
let gateway: TestGateway
let open = 0
const release: (() => void)[] = []
beforeAll(async () => {
  upstream = await startUpstream((message, _, response) => {
    if (message.method === 'ping') return sendJson(response, { jsonrpc: '2.0', id: message.id, result: {} })
    open++
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(': open\n\n')
    release.push(() => response.end(`data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n`))
    return undefined
  })
  gateway = await startTestGateway({
    settings: { limits: { upstreamConnections: 1, upstreamFirstByteSeconds: 0.3 } },
    servers: { busy: { upstream: upstream.url, inbound: [] } },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function whileOpen(held: Promise<unknown>, use: () => Promise<void>): Promise<void> {
  const before = open
  await waitUntil('the stream is open', () => open > before || undefined)
  await use()
  release.pop()?.()
  await held
}

it('subscriptions do not take the connections of calls', async () => {
  const url = gateway.server('busy')
  await whileOpen(postModern(url, 'none', 'subscriptions/listen', { notifications: {} }), async () => {
    expect((await postLegacy(url, 'none', 'ping')).message?.result).toEqual({})
  })
})

it('a call that finds all connections busy waits for a while, not for ever', async () => {
  const url = gateway.server('busy')
  await whileOpen(postLegacy(url, 'none', 'tools/call', { name: 'slow' }), async () => {
    const { status, message } = await postLegacy(url, 'none', 'ping')
    expect(status).toBe(504)
    expect(message?.error?.data?.reason).toBe('upstream_timeout')
  })
  expect((await postLegacy(url, 'none', 'ping')).message?.result).toEqual({})
})
