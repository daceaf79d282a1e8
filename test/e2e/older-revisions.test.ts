import { afterEach, beforeEach, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postLegacy, postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'
import { handshakeResult } from '../harness/upstreams/mcp-results.ts'
import { signIn } from '../harness/write-project.ts'

// Upstreams that answer 400 to an `initialize` of a newer revision than theirs, where they should name the one they speak.
let upstream: RunningUpstream
let gateway: TestGateway
let token: string
/** Revisions that were asked for, in order. */
let asked: string[]
let taken: readonly string[]
let refusal: object | string

beforeEach(async () => {
  asked = []
  taken = ['2025-06-18', '2025-03-26']
  refusal = 'unsupported protocol version'
  upstream = await startUpstream((message, { method, headers }, response) => {
    if (method !== 'POST') return response.writeHead(405).end()
    if (message.id === undefined) return response.writeHead(202).end()
    if (message.method !== 'initialize') {
      if (headers['mcp-session-id'] === undefined) return response.writeHead(400).end('Missing session ID')
      const error = { code: -32601, message: 'Method not found' }
      const outcome = message.method === 'tools/list' ? { result: { tools: [] } } : { error }
      return sendJson(response, { jsonrpc: '2.0', id: message.id, ...outcome })
    }
    const { protocolVersion } = message.params as { protocolVersion: string }
    asked.push(protocolVersion)
    if (!taken.includes(protocolVersion)) {
      return typeof refusal === 'string'
        ? response.writeHead(400, { 'content-type': 'text/plain' }).end(refusal)
        : sendJson(response, refusal, 400)
    }
    const result = { ...handshakeResult(message), protocolVersion }
    sendJson(response, { jsonrpc: '2.0', id: message.id, result }, 200, { 'mcp-session-id': 'upstream-1' })
  })
  gateway = await startTestGateway({
    servers: {
      older: { upstream: upstream.url, inbound: ['sign-in'] },
      declared: { upstream: upstream.url, protocol: 'legacy', inbound: ['sign-in'] },
    },
    policies: signIn(),
  })
  token = (await obtainToken(gateway.publicUrl, gateway.server('older'), 'ada')).accessToken
})
afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

const initialize = async (protocolVersion = '2025-11-25', server = 'older', accessToken = token) => {
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  return postLegacy(gateway.server(server), accessToken, 'initialize', params)
}

it('are asked once more in the revision before, and from then on at once', async () => {
  expect((await initialize()).message?.result).toMatchObject({ protocolVersion: '2025-06-18' })
  expect(asked).toEqual(['2025-11-25', '2025-06-18'])
  expect((await initialize()).message?.result).toMatchObject({ protocolVersion: '2025-06-18' })
  expect((await initialize('2025-03-26')).message?.result).toMatchObject({ protocolVersion: '2025-03-26' })
  expect(asked).toEqual(['2025-11-25', '2025-06-18', '2025-06-18', '2025-03-26'])
})

it('are asked in the newest revision that they name', async () => {
  taken = ['2025-03-26']
  const data = { supported: ['2024-11-05', '2025-03-26'] }
  refusal = { jsonrpc: '2.0', id: null, error: { code: -32602, message: 'Unsupported protocol version', data } }
  expect((await initialize()).message?.result).toMatchObject({ protocolVersion: '2025-03-26' })
  expect(asked).toEqual(['2025-11-25', '2025-03-26'])
})

it('that refuse both are not asked again, and the client hears of it', async () => {
  taken = []
  expect((await initialize()).status).toBeGreaterThanOrEqual(400)
  expect(asked).toEqual(['2025-11-25', '2025-06-18'])
})

it('are asked once more where the operator wrote the era down', async () => {
  const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server('declared'), 'ada')
  const answer = await initialize('2025-11-25', 'declared', accessToken)
  expect(answer.message?.result).toMatchObject({ protocolVersion: '2025-06-18' })
})

it('serve clients of 2026-07-28 as well, in a session of the gateway', async () => {
  const { message } = await postModern(gateway.server('older'), token, 'tools/list')
  expect(message?.result).toMatchObject({ resultType: 'complete', tools: [] })
  expect(asked).toEqual(['2025-11-25', '2025-06-18'])
})
