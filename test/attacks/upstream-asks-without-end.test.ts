import { afterAll, beforeAll, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'
import { signIn } from '../harness/write-project.ts'

// An older upstream may send requests to its client. A hostile one sends them without end, to people who declared nothing, and with ids and
// keys of its own choice; none of it may fill the memory of the gateway or reach anybody it was not sent to.

const flood = 5_000
let upstream: RunningUpstream
let gateway: TestGateway
let url: string
let token: string
/** Bodies of what came back to the upstream. */
const answers: { id?: unknown; result?: { action?: string }; error?: object }[] = []
beforeAll(async () => {
  upstream = await startUpstream((message, request, response) => {
    if (request.headers['mcp-protocol-version'] === '2026-07-28') {
      return sendJson(response, { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'no session' } }, 400)
    }
    if (request.method !== 'POST') return response.writeHead(405).end()
    if (message.method === undefined || message.id === undefined) {
      answers.push(message)
      return response.writeHead(202).end()
    }
    if (message.method === 'initialize') {
      const result = {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 's', version: '1' },
      }
      return sendJson(response, { jsonrpc: '2.0', id: message.id, result }, 200, { 'mcp-session-id': 'one' })
    }
    const method = String(message.params?.['name'])
    const params = method === 'elicitation/create' ? { message: 'm', requestedSchema: { type: 'object' } } : {}
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let id = 0; id < flood; id++) {
      response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', id: `__proto__${id}`, method, params })}\n\n`)
    }
    const result = { content: [{ type: 'text', text: 'done' }] }
    // The one that answers another call must not be taken for the answer.
    response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', id: 4_711, result: { content: [] } })}\n\n`)
    if (method !== 'elicitation/create')
      response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id: message.id, result })}\n\n`)
    return undefined
  })
  gateway = await startTestGateway({
    servers: { hostile: { upstream: upstream.url, inbound: ['sign-in'] } },
    policies: signIn(),
  })
  url = gateway.server('hostile')
  token = (await obtainToken(gateway.publicUrl, url)).accessToken
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const call = (name: string, capabilities: object) =>
  postModern(url, token, 'tools/call', {
    name,
    arguments: {},
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    },
  })

it.each(['ping', 'sampling/createMessage', 'tools/call', 'nonsense'])(
  '%s without end is not answered without end',
  async (method) => {
    answers.length = 0
    const answer = await call(method, {})
    expect(answer.message).toMatchObject({ id: 1, result: { content: [{ text: 'done' }], resultType: 'complete' } })
    expect(answers.length).toBeLessThanOrEqual(64)
  },
)

it('a client is asked a few questions at once, and never for what it did not declare', async () => {
  const asked = await call('elicitation/create', { elicitation: {} })
  expect(asked.message?.result?.['resultType']).toBe('input_required')
  expect(Object.keys(asked.message?.result?.['inputRequests'] as object)).toHaveLength(32)
})
