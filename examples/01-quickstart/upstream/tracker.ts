// A small MCP server to try Sallyport with: an issue tracker that wants an API key. No dependencies.
//   TRACKER_API_KEY=secret node upstream/tracker.ts
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isModern, type Message } from './check-request.ts'
import { IssueStore } from './issues.ts'
import { createProtocol, type Outcome } from './protocol.ts'

const path = '/mcp'
const maxBodyBytes = 1024 * 1024

/** How a tracker is started. */
export interface TrackerOptions {
  /** 0 picks a free port. Default 9101. */
  readonly port?: number
  /** What callers must send as `Authorization: Bearer <key>`. */
  readonly apiKey: string
  /** `json` (default): JSON unless a call reports progress. `sse`: every answer is an event stream. */
  readonly answers?: 'json' | 'sse'
  /** How long one part of export_report takes. Default 400. */
  readonly reportStepMilliseconds?: number
}

/** A tracker that listens. */
export interface RunningTracker {
  /** Its MCP endpoint. */
  readonly url: string
  /** Stops listening and cuts what still runs. */
  close(): Promise<void>
}

/** Starts an issue tracker on 127.0.0.1. */
export async function startTracker(options: TrackerOptions): Promise<RunningTracker> {
  const answerMessage = createProtocol(new IssueStore(), options.reportStepMilliseconds ?? 400)
  const server = createServer((request, response) => {
    answerRequest(request, response, options, answerMessage).catch((error: unknown) => {
      if (request.destroyed || response.destroyed) return
      console.error(error)
      if (response.headersSent) response.destroy()
      else sendJson(response, 500, { error: 'internal error' })
    })
  })
  // Callers that pool connections, as gateways do, should be the ones to close them.
  server.keepAliveTimeout = 60_000
  const port = await listen(server, options.port ?? 9101)
  return { url: `http://127.0.0.1:${port}${path}`, close: () => close(server) }
}

type AnswerMessage = ReturnType<typeof createProtocol>

async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  options: TrackerOptions,
  answerMessage: AnswerMessage,
): Promise<void> {
  const refusal = refuseRequest(request, options.apiKey)
  if (refusal) return sendJson(response, refusal.status, { error: refusal.error }, refusal.headers)

  const body = await readBody(request)
  if (body === undefined) return sendJson(response, 413, { error: 'Too large.' })
  const message = parseMessage(body)
  if ('error' in message) return sendJson(response, message.status, { jsonrpc: '2.0', error: message.error })

  const abort = new AbortController()
  response.on('close', () => {
    // In 2026-07-28 hanging up cancels the call. In older revisions it does not.
    if (!response.writableFinished && isModern(message, request.headers)) abort.abort()
  })
  const outcome = await answerMessage(message, request.headers, {
    signal: abort.signal,
    notify: (notification) => {
      startEventStream(response)
      sendEvent(response, notification)
    },
  })
  sendOutcome(response, outcome, options.answers ?? 'json')
}

interface Refusal {
  readonly status: number
  readonly error: string
  readonly headers?: { readonly [name: string]: string }
}

/** What can be said without reading the body; undefined when the request may go on. */
function refuseRequest(request: IncomingMessage, apiKey: string): Refusal | undefined {
  const { headers } = request
  // A web page must not reach this server through a name it controls (DNS rebinding).
  if (!isLoopback(`http://${headers.host}`) || (headers.origin !== undefined && !isLoopback(headers.origin)))
    return { status: 403, error: 'Only callers on this machine.' }
  if (request.url?.split('?')[0] !== path) return { status: 404, error: 'Not found.' }
  if (!sameSecret(headers.authorization ?? '', `Bearer ${apiKey}`))
    return { status: 401, error: 'API key required.', headers: { 'www-authenticate': 'Bearer' } }
  if (request.method !== 'POST') return { status: 405, error: 'POST only.', headers: { allow: 'POST' } }
  if (headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== 'application/json')
    return { status: 415, error: 'Send application/json.' }
  if (Number(headers['content-length'] ?? 0) > maxBodyBytes) return { status: 413, error: 'Too large.' }
  return undefined
}

function isLoopback(origin: string): boolean {
  return URL.canParse(origin) && ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(origin).hostname)
}

function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

/** The whole body; undefined when it is too large and did not say so. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBodyBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

type ParseFailure = { readonly status: number; readonly error: { readonly code: number; readonly message: string } }

function parseMessage(body: string): Message | ParseFailure {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return { status: 400, error: { code: -32700, message: 'The body is not JSON.' } }
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return { status: 400, error: { code: -32600, message: 'Send one JSON-RPC message.' } }
  const { jsonrpc, id, method, params } = parsed as Message
  // A client's answer to a request of the server: this server asks nothing, so it has nothing to look at.
  return {
    jsonrpc,
    ...(id !== undefined && { id }),
    ...(method !== undefined && { method }),
    ...(params && { params }),
  }
}

function sendOutcome(response: ServerResponse, outcome: Outcome, answers: 'json' | 'sse'): void {
  if (!outcome.body) response.writeHead(outcome.status, { 'content-length': 0 }).end()
  else if (response.headersSent || (answers === 'sse' && outcome.status === 200)) {
    startEventStream(response)
    sendEvent(response, outcome.body)
    response.end()
  } else sendJson(response, outcome.status, outcome.body)
}

function startEventStream(response: ServerResponse): void {
  if (response.headersSent) return
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  })
}

function sendEvent(response: ServerResponse, message: object): void {
  response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)
}

function sendJson(response: ServerResponse, status: number, body: object, headers?: Refusal['headers']): void {
  const bytes = Buffer.from(JSON.stringify(body))
  const fixed = { 'content-type': 'application/json', 'content-length': bytes.length }
  response.writeHead(status, { ...fixed, ...headers }).end(bytes)
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

if (import.meta.main) {
  const apiKey = process.env['TRACKER_API_KEY']
  if (!apiKey) {
    console.error('Set TRACKER_API_KEY: the key that callers must send.')
    process.exit(1)
  }
  const answers = process.env['TRACKER_ANSWERS'] === 'sse' ? 'sse' : 'json'
  try {
    const tracker = await startTracker({ apiKey, answers, port: Number(process.env['TRACKER_PORT'] ?? 9101) })
    console.log(`The issue tracker listens on ${tracker.url}`)
  } catch (error) {
    console.error(`The issue tracker cannot start: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
