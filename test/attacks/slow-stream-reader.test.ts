import { type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postRaw } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'
import { handshakeResult } from '../harness/upstreams/mcp-results.ts'
import { type ModernUpstream, startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn } from '../harness/write-project.ts'

const eventBytes = 64 * 1024
/** Far more than all buffers on the way hold together. */
const mostEvents = 2_000

let streams: Flood[] = []
let older: RunningUpstream
let modern: ModernUpstream
let gateway: TestGateway

/** Sends events for as long as they are taken. */
class Flood {
  sent = 0
  constructor(response: ServerResponse) {
    const params = { data: 'x'.repeat(eventBytes), level: 'info' }
    const event = `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params })}\n\n`
    const fill = () => {
      while (this.sent < mostEvents) {
        this.sent++
        if (!response.write(event)) return void response.once('drain', fill)
      }
    }
    fill()
  }
}

beforeAll(async () => {
  older = await startUpstream((message, { method }, response) => {
    if (method !== 'GET') {
      const given = message.method === 'initialize' ? { 'mcp-session-id': 'upstream-1' } : undefined
      return sendJson(response, { jsonrpc: '2.0', id: message.id, result: handshakeResult(message) ?? {} }, 200, given)
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    streams.push(new Flood(response))
    return undefined
  })
  modern = await startModernUpstream()
  modern.onListen = (listening) => {
    listening.notify('notifications/subscriptions/acknowledged', { notifications: {} })
    streams.push(new Flood(listening.response))
  }
  const inbound = ['sign-in']
  gateway = await startTestGateway({
    servers: { older: { upstream: older.url, inbound }, modern: { upstream: modern.url, inbound } },
    policies: signIn(),
  })
})
afterAll(async () => {
  await gateway.close()
  await older.close()
  await modern.close()
})

it.each(['older', 'modern'])(
  'a client that does not read its stream makes the upstream wait, not the gateway grow (%s)',
  async (server) => {
    streams = []
    const url = gateway.server(server)
    const { accessToken } = await obtainToken(gateway.publicUrl, url)
    const headers = { authorization: `Bearer ${accessToken}`, 'mcp-protocol-version': '2025-11-25' }
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
    const begun = await postRaw(url, JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }), headers)
    const session = { 'mcp-session-id': String(begun.headers['mcp-session-id']), accept: 'text/event-stream' }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sendRequest(url, { headers: { ...headers, ...session }, agent: false }, resolve)
        .on('error', reject)
        .end()
    })
    const flood = await waitUntil('the flood', () => streams[0])
    let before = -1
    await waitUntil('the upstream to wait', async () => {
      const stands = flood.sent === before
      before = flood.sent
      await new Promise((resolve) => setTimeout(resolve, 200))
      return stands && flood.sent === before
    })
    expect(flood.sent).toBeLessThan(mostEvents / 4)
    // Nothing of it is lost.
    let received = 0
    response.on(
      'data',
      (chunk: Buffer) => (received += chunk.toString('latin1').split('notifications/message').length - 1),
    )
    await waitUntil('everything', () => received >= mostEvents - 5, 20_000)
    response.destroy()
  },
)
