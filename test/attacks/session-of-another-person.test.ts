import { request as sendRequest } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { randomId } from '../../src/lib/random-id.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { type PostAnswer, postRaw } from '../harness/post-message.ts'
import { openAnswer } from '../harness/read-events.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'
import { handshakeResult } from '../harness/upstreams/mcp-results.ts'
import {
  askFor,
  type ModernRequest,
  type ModernUpstream,
  sayText,
  startModernUpstream,
} from '../harness/upstreams/modern-upstream.ts'
import { signIn } from '../harness/write-project.ts'

/** What reached the upstream that keeps its own sessions. */
const reached: string[] = []
let modern: ModernUpstream
let older: RunningUpstream
let gateway: TestGateway
let ada: string
let mallory: string
let session: string

const form = {
  method: 'elicitation/create',
  params: { mode: 'form', message: 'Who?', requestedSchema: { type: 'object' } },
}

beforeAll(async () => {
  modern = await startModernUpstream()
  older = await startUpstream((message, request, response) => {
    reached.push(`${request.method} ${String(request.headers['mcp-session-id'])}`)
    const headers: Record<string, string> = message.method === 'initialize' ? { 'mcp-session-id': randomId() } : {}
    if (request.method === 'GET') response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    else if (request.method === 'DELETE') response.writeHead(200).end()
    else sendJson(response, { jsonrpc: '2.0', id: message.id, result: handshakeResult(message) ?? {} }, 200, headers)
  })
  gateway = await startTestGateway({
    // Calls that still wait for an answer at the end are not waited for.
    settings: { limits: { drainSeconds: 1 } },
    servers: {
      kept: { upstream: modern.url, inbound: ['sign-in'] },
      relayed: { upstream: older.url, inbound: ['sign-in'] },
      closed: { upstream: older.url, inbound: ['sign-in'], methods: 'post' },
    },
    policies: signIn(),
  })
})
afterAll(async () => {
  await gateway.close()
  await modern.close()
  await older.close()
})

const server = (name: string) => gateway.server(name)

function post(name: string, token: string, body: object, sessionId?: string): Promise<PostAnswer> {
  return postRaw(server(name), JSON.stringify({ jsonrpc: '2.0', ...body }), {
    authorization: `Bearer ${token}`,
    'mcp-protocol-version': '2025-11-25',
    ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
  })
}

async function begin(name: string, token: string): Promise<string> {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'c', version: '1' },
  }
  const { headers } = await post(name, token, { id: 0, method: 'initialize', params })
  return String(headers['mcp-session-id'])
}

async function signInTwo(name: string): Promise<void> {
  ada = (await obtainToken(gateway.publicUrl, server(name))).accessToken
  mallory = (await obtainToken(gateway.publicUrl, server(name), 'mallory')).accessToken
  session = await begin(name, ada)
}

/** A call of ada that waits for her answer, and the id of the question. */
async function openQuestion() {
  const answered: unknown[] = []
  modern.onRequest = (request) => {
    const { inputResponses } = request.message.params as { inputResponses?: object }
    if (inputResponses) answered.push(inputResponses)
    request.answer(inputResponses ? sayText('thanks') : askFor({ k: form }))
  }
  const headers = { authorization: `Bearer ${ada}`, 'mcp-session-id': session }
  const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'work', arguments: {} } }
  const stream = await openAnswer(server('kept'), headers, call)
  const question = await stream.next()
  return { stream, id: String(question.id), answered }
}

const yes = (id: string) => ({ id, result: { action: 'accept', content: { name: 'mallory' } } })

describe('a question to one person', () => {
  beforeEach(() => signInTwo('kept'))

  const answers: { readonly [name: string]: (id: string) => Promise<PostAnswer> } = {
    'another person with the session id of the first': (id) => post('kept', mallory, yes(id), session),
    'another person in a session of theirs': async (id) => post('kept', mallory, yes(id), await begin('kept', mallory)),
    'the same person in another session': async (id) => post('kept', ada, yes(id), await begin('kept', ada)),
    'somebody without a session': (id) => post('kept', mallory, yes(id)),
    'somebody who guesses the id': (id) =>
      post('kept', ada, yes(`${id.slice(0, -1)}${id.endsWith('A') ? 'B' : 'A'}`), session),
    'somebody who counts ids': () => post('kept', ada, { id: 1, result: { action: 'accept' } }, session),
  }

  it.each(Object.entries(answers))('is not answered by %s', async (_, attempt) => {
    const { stream, id, answered } = await openQuestion()
    const { status } = await attempt(id)
    expect([400, 404]).toContain(status)
    expect(answered).toEqual([])
    // Its own person still can.
    expect((await post('kept', ada, yes(id), session)).status).toBe(202)
    expect((await stream.next()).result).toMatchObject({ content: [{ text: 'thanks' }] })
    expect(answered).toHaveLength(1)
  })

  it('is answered once', async () => {
    const { stream, id, answered } = await openQuestion()
    const statuses = await Promise.all([1, 2, 3].map(async () => (await post('kept', ada, yes(id), session)).status))
    expect(statuses.toSorted((one, other) => one - other)).toEqual([202, 400, 400])
    await stream.ended
    expect(answered).toHaveLength(1)
  })

  it('has an id that says nothing', async () => {
    const ids = [(await openQuestion()).id, (await openQuestion()).id]
    expect(ids[0]).not.toBe(ids[1])
    for (const id of ids) expect(Buffer.from(id, 'base64url').length).toBeGreaterThanOrEqual(16)
  })
})

describe('a call of one person', () => {
  beforeEach(() => signInTwo('kept'))

  it('is not cancelled by others, whatever id they name', async () => {
    const started = Promise.withResolvers<ModernRequest>()
    modern.onRequest = (request) => started.resolve(request)
    const headers = { authorization: `Bearer ${ada}`, 'mcp-session-id': session }
    const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'work', arguments: {} } }
    const opened = openAnswer(server('kept'), headers, call)
    const running = await started.promise
    const cancel = { method: 'notifications/cancelled', params: { requestId: 7 } }
    await post('kept', mallory, cancel, session)
    await post('kept', mallory, cancel, await begin('kept', mallory))
    await post('kept', ada, cancel, await begin('kept', ada))
    await post('kept', ada, cancel)
    running.answer(sayText('not cancelled'))
    expect((await opened).status).toBe(200)
  })
})

describe.each(['kept', 'relayed'])('a session that is %s', (name) => {
  beforeEach(() => signInTwo(name))

  const use = (method: string, headers: { [name: string]: string }) =>
    openAnswer(server(name), headers, undefined, method)
  const bearer = (token: string) => ({ authorization: `Bearer ${token}`, 'mcp-session-id': session })

  it.each(['GET', 'DELETE'])('is closed to the %s of another person', async (method) => {
    const before = reached.length
    expect((await use(method, bearer(mallory))).status).toBe(404)
    expect(reached.length).toBe(before)
    expect((await post(name, ada, { id: 1, method: 'ping' }, session)).status).toBe(200)
  })

  it.each(['GET', 'DELETE'])('is closed to the %s of nobody, and of an unknown page', async (method) => {
    const before = reached.length
    expect((await use(method, { 'mcp-session-id': session })).status).toBe(401)
    expect((await use(method, { ...bearer(ada), origin: 'https://evil.example' })).status).toBe(403)
    expect((await use(method, { ...bearer(ada), host: 'evil.example' })).status).toBe(403)
    expect(reached.length).toBe(before)
  })

  it.each(['GET', 'DELETE'])('has no %s in 2026-07-28', async (method) => {
    const answer = await use(method, { ...bearer(ada), 'mcp-protocol-version': '2026-07-28' })
    expect(answer.status).toBe(405)
    expect(answer.headers.allow).toBe('POST')
  })

  it('opens its stream for its own person, and ends with it', async () => {
    const stream = await use('GET', bearer(ada))
    expect(stream.status).toBe(200)
    expect(stream.headers['content-type']).toBe('text/event-stream')
    expect((await use('DELETE', bearer(ada))).status).toBe(204)
    if (name === 'kept') {
      await stream.ended
      expect((await use('GET', bearer(ada))).status).toBe(404)
    }
    stream.close()
  })
})

it.each(['GET', 'DELETE'])('a route that only declares post answers %s with 405', async (method) => {
  await signInTwo('closed')
  const answer = await openAnswer(
    server('closed'),
    { authorization: `Bearer ${ada}`, 'mcp-session-id': session },
    undefined,
    method,
  )
  expect(answer.status).toBe(405)
  expect(answer.headers.allow).toBe('POST')
})

it('a method that nobody knows is refused after the token was checked', async () => {
  await signInTwo('kept')
  const status = await new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${ada}` }
    sendRequest(server('kept'), { method: 'PUT', headers }, ({ statusCode, headers: { allow } }) =>
      resolve([statusCode, allow]),
    )
      .on('error', reject)
      .end()
  })
  expect(status).toEqual([405, 'POST, GET, DELETE'])
})
