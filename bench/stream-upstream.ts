// Upstreams of bench/streams.ts and bench/soak.ts, in a process of their own: `/legacy` speaks 2025-11-25 with sessions, `/modern` 2026-07-28.
// They hold every stream open and say something on all of them when the parent asks for it.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the upstreams hold and did. */
export interface UpstreamCounts {
  /** Open streams of sessions, and subscriptions. */
  readonly legacyStreams: number
  readonly modernStreams: number
  readonly sessions: number
  readonly calls: number
  /** How many streams were told something with the last `notify`. */
  readonly told: number
}

interface Message {
  readonly id?: string | number
  readonly method?: string
  readonly params?: {
    readonly name?: string
    readonly requestId?: string | number
    readonly _meta?: { readonly [key: string]: unknown }
  }
  readonly result?: { readonly action?: string; readonly content?: { readonly name?: string } }
}

const versionKey = 'io.modelcontextprotocol/protocolVersion'
const subscriptionKey = 'io.modelcontextprotocol/subscriptionId'
const changed = 'notifications/tools/list_changed'
const capabilities = { tools: { listChanged: true } }
const serverInfo = { name: 'bench', version: '1.0.0' }
const tools = ['quick', 'stream', 'slow', 'ask'].map((name) => ({ name, inputSchema: { type: 'object' } }))
const nameSchema = { type: 'object', properties: { name: { type: 'string' } } }

const legacyStreams = new Set<ServerResponse>()
const modernStreams = new Map<ServerResponse, string | number>()
const sessions = new Set<string>()
/** Calls of `slow` in a session, by session and id. */
const slow = new Map<string, ServerResponse>()
/** Calls that wait for the answer to a question, by its id. */
const asked = new Map<string, (name: string) => void>()
let calls = 0

// Short, so that idle connections are gone when the soak measures.
const server = createServer({ keepAliveTimeout: 4_000 }, (request, response) => {
  response.on('error', () => undefined)
  request.on('error', () => response.destroy())
  let text = ''
  request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  request.on('end', () => {
    const message = (text === '' ? {} : JSON.parse(text)) as Message
    if (request.url === '/modern') answerModern(message, response)
    else answerLegacy(message, request, response)
  })
})
server.listen(0, '127.0.0.1', 8_192, () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
process.on('message', (ask: 'count' | 'notify') => {
  const told = ask === 'notify' ? notifyAll() : 0
  const counts = { legacyStreams: legacyStreams.size, modernStreams: modernStreams.size, sessions: sessions.size }
  process.send?.({ ...counts, calls, told } satisfies UpstreamCounts)
})

function notifyAll(): number {
  for (const stream of legacyStreams) sendEvent(stream, { method: changed })
  for (const [stream, id] of modernStreams) sendEvent(stream, { method: changed, params: tagged(id) })
  return legacyStreams.size + modernStreams.size
}

function answerLegacy(message: Message, { method, headers }: IncomingMessage, response: ServerResponse): void {
  const session = headers['mcp-session-id']
  if (message.method === 'initialize') {
    const id = randomUUID()
    sessions.add(id)
    const result = { protocolVersion: '2025-11-25', capabilities, serverInfo }
    return sendJson(response, { id: message.id, result }, 200, { 'mcp-session-id': id })
  }
  if (typeof session !== 'string') return sendJson(response, failure('Mcp-Session-Id is missing'), 400)
  if (!sessions.has(session)) return sendJson(response, failure('Session not found'), 404)
  if (method === 'DELETE') {
    sessions.delete(session)
    return void response.writeHead(204).end()
  }
  if (message.method === 'notifications/cancelled') slow.get(`${session} ${message.params?.requestId}`)?.end()
  if (message.params?.name === 'slow') {
    const key = `${session} ${message.id}`
    slow.set(key, response)
    response.once('close', () => slow.delete(key))
  }
  if (method !== 'GET') return answerBoth(message, {}, response)
  openStream(response)
  legacyStreams.add(response)
  response.once('close', () => legacyStreams.delete(response))
}

function answerModern(message: Message, response: ServerResponse): void {
  if (message.params?._meta?.[versionKey] !== '2026-07-28') {
    const error = { code: -32022, message: 'Unsupported protocol version', data: { supported: ['2026-07-28'] } }
    return sendJson(response, { id: message.id, error }, 400)
  }
  const extra = { resultType: 'complete', _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo } }
  if (message.method === 'server/discover') {
    const result = { ...extra, supportedVersions: ['2026-07-28'], capabilities, ttlMs: 60_000, cacheScope: 'private' }
    return sendJson(response, { id: message.id, result })
  }
  if (message.method !== 'subscriptions/listen') return answerBoth(message, extra, response)
  const id = message.id ?? 0
  openStream(response)
  modernStreams.set(response, id)
  response.once('close', () => modernStreams.delete(response))
  const params = { notifications: { toolsListChanged: true }, ...tagged(id) }
  sendEvent(response, { method: 'notifications/subscriptions/acknowledged', params })
}

function answerBoth(message: Message, extra: object, response: ServerResponse): void {
  const { id, method, params, result } = message
  if (method === undefined && result !== undefined) asked.get(String(id))?.(result.content?.name ?? 'nobody')
  if (method === undefined || id === undefined) return void response.writeHead(202).end()
  if (method === 'tools/list') {
    const list = { ...extra, tools, ...('resultType' in extra && { ttlMs: 0, cacheScope: 'private' }) }
    return sendJson(response, { id, result: list })
  }
  calls++
  call(message, params?.name ?? '', extra, response)
}

function call({ id, params }: Message, tool: string, extra: object, response: ServerResponse): void {
  const text = (said: string) => ({ id, result: { ...extra, content: [{ type: 'text', text: said }] } })
  if (tool === 'quick') return sendJson(response, text('quick'))
  if (tool === 'ask') return ask({ id, params } as Message, extra, text, response)
  openStream(response)
  const progress = (step: number) =>
    sendEvent(response, {
      method: 'notifications/progress',
      params: { progressToken: params?._meta?.['progressToken'], progress: step, total: 3 },
    })
  progress(1)
  // Whoever calls `slow` cancels it.
  if (tool === 'slow') return
  progress(2)
  sendEvent(response, text('streamed'))
  response.end()
}

/** Asks for a name in the way of each era, and greets. */
function ask(message: Message, extra: object, text: (said: string) => object, response: ServerResponse): void {
  const question = { message: 'Who?', mode: 'form', requestedSchema: nameSchema }
  if ('resultType' in extra) {
    const { inputResponses } = (message.params ?? {}) as {
      readonly inputResponses?: { readonly who?: { readonly content?: { readonly name?: string } } }
    }
    const name = inputResponses?.who?.content?.name
    if (name !== undefined) return sendJson(response, text(`Hello, ${name}`))
    const inputRequests = { who: { method: 'elicitation/create', params: question } }
    return sendJson(response, { id: message.id, result: { ...extra, resultType: 'input_required', inputRequests } })
  }
  const id = randomUUID()
  openStream(response)
  asked.set(id, (name) => {
    sendEvent(response, text(`Hello, ${name}`))
    response.end()
  })
  response.once('close', () => asked.delete(id))
  sendEvent(response, { id, method: 'elicitation/create', params: question })
}

function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
}

function sendEvent(response: ServerResponse, message: object): void {
  response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`)
}

function sendJson(response: ServerResponse, message: object, status = 200, headers: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify({ jsonrpc: '2.0', ...message }))
}

function failure(message: string): object {
  return { id: null, error: { code: -32000, message } }
}

function tagged(id: string | number): object {
  return { _meta: { [subscriptionKey]: id } }
}
