import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postRaw } from '../harness/post-message.ts'
import { openAnswer } from '../harness/read-events.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import {
  askFor,
  type ModernRequest,
  type ModernUpstream,
  sayText,
  startModernUpstream,
} from '../harness/upstreams/modern-upstream.ts'
import { signIn } from '../harness/write-project.ts'

let upstream: ModernUpstream
let gateway: TestGateway
let url: string
let headers: { [name: string]: string }

beforeAll(async () => {
  upstream = await startModernUpstream()
  gateway = await startTestGateway({
    settings: { limits: { drainSeconds: 1, upstreamFirstByteSeconds: 1 } },
    servers: { evil: { upstream: upstream.url, inbound: ['sign-in'] } },
    policies: signIn(),
  })
  url = gateway.server('evil')
  const { accessToken } = await obtainToken(gateway.publicUrl, url)
  headers = { authorization: `Bearer ${accessToken}`, 'mcp-protocol-version': '2025-11-25' }
  const params = { protocolVersion: '2025-11-25', capabilities: { roots: {} }, clientInfo: { name: 'c', version: '1' } }
  const body = { jsonrpc: '2.0', id: 0, method: 'initialize', params }
  const answer = await postRaw(url, JSON.stringify(body), headers)
  headers['mcp-session-id'] = String(answer.headers['mcp-session-id'])
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => {
  upstream.onRequest = (request) => request.answer(sayText('fine'))
})

const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'work', arguments: {} } }
const post = () => postRaw(url, JSON.stringify(call), headers)
const raw = ({ response }: ModernRequest, type: string, body: string) =>
  response.writeHead(200, { 'content-type': type }).end(body)
const answerOf = (request: ModernRequest, result: object) =>
  JSON.stringify({ jsonrpc: '2.0', id: request.message.id, result })

const attempts: { readonly [name: string]: (request: ModernRequest) => void } = {
  'answers under the id of the client': (request) =>
    raw(request, 'application/json', '{"jsonrpc":"2.0","id":7,"result":{}}'),
  'answers another request': (request) => raw(request, 'application/json', '{"jsonrpc":"2.0","id":"x","result":{}}'),
  'streams the answer to another request': (request) =>
    raw(request, 'text/event-stream', 'data: {"jsonrpc":"2.0","id":"x","result":{"content":[]}}\n\n'),
  'streams what is not JSON': (request) => raw(request, 'text/event-stream', 'data: {"jsonrpc":\n\n'),
  'streams an array': (request) => raw(request, 'text/event-stream', `data: [${answerOf(request, {})}]\n\n`),
  'streams nothing': (request) => raw(request, 'text/event-stream', ''),
  'breaks off': (request) => {
    request.notify('notifications/message', { level: 'info', data: 'soon' })
    request.response.destroy()
  },
  'answers with a task': (request) => request.answer({ result: { resultType: 'task', taskId: 't' } }),
  'answers with a type that is no text': (request) => request.answer({ result: { resultType: { a: 1 } } }),
  'answers with a result that is a text': (request) => request.answer({ result: 'done' as never }),
}

it.each(Object.entries(attempts))('an upstream that %s fails one call, and no other', async (_, attempt) => {
  upstream.onRequest = attempt
  const { text } = await post()
  const failure =
    text
      .split('\n')
      .findLast((line) => line.startsWith('data: '))
      ?.slice(6) ?? text
  expect(JSON.parse(failure)).toMatchObject({ id: 7, error: { code: -32603 } })
  upstream.onRequest = (request) => request.answer(sayText('fine'))
  expect((await post()).text).toContain('fine')
})

it('an upstream cannot send requests of its own choice to the client', async () => {
  upstream.onRequest = (request) => {
    request.response.writeHead(200, { 'content-type': 'text/event-stream' })
    const planted = { jsonrpc: '2.0', id: 'planted', method: 'sampling/createMessage', params: {} }
    request.response.write(`data: ${JSON.stringify(planted)}\n\n`)
    request.answer(sayText('done'))
  }
  const { text } = await post()
  expect(text).toContain('done')
  expect(text).not.toContain('planted')
})

it('an upstream asks for nothing that the client did not offer', async () => {
  upstream.onRequest = (request) => request.answer(askFor({ k: { method: 'sampling/createMessage', params: {} } }))
  const { text } = await post()
  expect(text).toContain('"isError":true')
  expect(text).not.toContain('"method"')
})

it('an upstream that answers before the client does leaves no question behind', async () => {
  let calls = 0
  upstream.onRequest = (request) => {
    calls++
    request.answer(calls === 1 ? askFor({ k: { method: 'roots/list' } }) : sayText('done'))
  }
  const stream = await openAnswer(url, headers, call)
  const question = await stream.next()
  const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } }
  expect((await postRaw(url, JSON.stringify(cancel), headers)).status).toBe(202)
  await stream.ended
  const late = { jsonrpc: '2.0', id: question.id, result: { roots: [] } }
  expect((await postRaw(url, JSON.stringify(late), headers)).status).toBe(400)
  expect(calls).toBe(1)
})

it('an upstream that says nothing does not keep a call waiting for ever', async () => {
  upstream.onRequest = () => undefined
  const answer = await post()
  expect(answer.status).toBe(504)
  expect(answer.message?.error?.data?.reason).toBe('upstream_timeout')
})
