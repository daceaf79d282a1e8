import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { postLegacy } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'

const event = `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":"${'x'.repeat(64 * 1024)}"}}\n\n`

let upstream: RunningUpstream
let gateway: TestGateway
beforeAll(async () => {
  upstream = await startUpstream((message, _, response) => {
    if (message.method === 'ping') return sendJson(response, { jsonrpc: '2.0', id: message.id, result: {} })
    if (message.method === 'prompts/get') {
      return sendJson(response, { jsonrpc: '2.0', id: message.id, result: { text: 'x'.repeat(30_000_000) } })
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const flood = (): void => {
      while (!response.destroyed) if (!response.write(event)) return void response.once('drain', flood)
    }
    return flood()
  })
  gateway = await startTestGateway({
    settings: { limits: { upstreamConnections: 1, upstreamIdleSeconds: 0.3 } },
    servers: { flood: { upstream: upstream.url, inbound: [] } },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

it('a client that stops reading does not keep an upstream connection from others', async () => {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const call = request(gateway.server('flood'), { method: 'POST', headers, agent: false })
  call.on('error', () => undefined)
  call.end('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"flood"}}')
  // The answer is never read.
  await once(call, 'response')
  const other = await postLegacy(gateway.server('flood'), 'none', 'ping')
  expect(other.message?.result).toEqual({})
  const stopped = await gateway.waitForEvent(({ reason }) => reason === 'request_cancelled')
  expect(stopped.detail).toBe('the client stopped reading')
  call.destroy()
})

it('a client that does not read a large answer is let go', async () => {
  const port = Number(new URL(gateway.publicUrl).port)
  const accepted = nextConnection(port)
  const client = connect(port, '127.0.0.1')
  client.on('error', () => undefined)
  const body = '{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"large"}}'
  const head = 'POST /mcp/flood HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n'
  client.write(`${head}content-length: ${body.length}\r\n\r\n${body}`)
  const socket = await accepted
  await once(socket, 'close')
  expect(socket.bytesWritten).toBeGreaterThan(0)
  client.destroy()
  // Whoever reads it gets it.
  const whole = await postLegacy(gateway.server('flood'), 'none', 'prompts/get', { name: 'large' })
  expect(whole.text.length).toBeGreaterThan(30_000_000)
})

/** The gateway's end of the next connection to its port; the gateway runs in this process. */
function nextConnection(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const onSocket = (message: unknown): void => {
      const { socket } = message as { socket: Socket }
      if (socket.localPort !== port) return
      unsubscribe('net.server.socket', onSocket)
      resolve(socket)
    }
    subscribe('net.server.socket', onSocket)
  })
}
