// A small MCP server that wants OAuth, with the authorization server that it trusts. No dependencies.
//   node upstream/notes-server.ts
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Message } from '../../01-quickstart/upstream/check-request.ts'
import { AccountBook } from './account-book.ts'
import { type Answer, type Call, createAuthorizationServer } from './authorization-server.ts'
import { answerMessage } from './mcp-endpoint.ts'
import { renderHome } from './pages.ts'

const maxBodyBytes = 64 * 1024

/** A notes server that listens. */
export interface RunningNotes {
  /** Its pages, and its issuer. */
  readonly origin: string
  /** Its MCP endpoint. */
  readonly url: string
  close(): Promise<void>
}

/** Starts the notes server on 127.0.0.1. `port` 0 picks a free one; without `file` everything is forgotten in the end. */
export async function startNotes(
  options: { readonly port?: number; readonly file?: string } = {},
): Promise<RunningNotes> {
  const book = new AccountBook(options.file)
  let answer: ReturnType<typeof createRouter>
  const server = createServer((request, response) => {
    handle(request, response, answer).catch((error: unknown) => {
      if (request.destroyed || response.destroyed) return
      console.error(error)
      if (response.headersSent) response.destroy()
      else send(response, { status: 500, json: { error: 'internal error' } })
    })
  })
  server.keepAliveTimeout = 60_000
  const origin = `http://127.0.0.1:${await listen(server, options.port ?? 9102)}`
  answer = createRouter(origin, book)
  return { origin, url: `${origin}/mcp`, close: () => close(server) }
}

/** Which path does what. */
function createRouter(origin: string, book: AccountBook) {
  const resource = `${origin}/mcp`
  const metadataUrl = `${origin}/.well-known/oauth-protected-resource/mcp`
  const server = createAuthorizationServer(origin, resource, book)
  const routes: { readonly [methodAndPath: string]: (call: Call, headers: IncomingMessage['headers']) => Answer } = {
    'GET /': () => ({ status: 200, html: renderHome(book) }),
    'GET /.well-known/oauth-authorization-server': () => ({ status: 200, json: server.metadata }),
    // RFC 9728: whoever is refused at /mcp finds here whom to ask.
    'GET /.well-known/oauth-protected-resource/mcp': () => ({
      status: 200,
      json: { resource, authorization_servers: [origin], scopes_supported: ['notes'] },
    }),
    'POST /register': server.register,
    'GET /authorize': server.authorize,
    'POST /authorize': server.authorize,
    'POST /token': server.token,
    'POST /revoke': server.revoke,
    'POST /mcp': ({ bearer, json }, headers) => {
      const caller = book.findCaller(bearer)
      if (caller) return answerMessage(json as unknown as Message, headers, caller, book)
      const challenge = `Bearer resource_metadata="${metadataUrl}", scope="notes"`
      return { status: 401, json: { error: 'unauthorized' }, headers: { 'www-authenticate': challenge } }
    },
  }

  return (call: Call, headers: IncomingMessage['headers']): Answer => {
    const { method, url } = call
    const route = routes[`${method} ${url.pathname}`]
    if (route) return route(call, headers)
    const [, id = '', action] = /^\/grants\/(\w+)\/(expire|disconnect)$/.exec(url.pathname) ?? []
    if (method !== 'POST' || action === undefined) return { status: 404, json: { error: 'not found' } }
    if (action === 'expire') book.expire(id)
    else book.disconnect(id)
    return { status: 303, headers: { location: '/' } }
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ReturnType<typeof createRouter>,
): Promise<void> {
  const { headers, method = '' } = request
  // A web page must not reach this server through a name it controls (DNS rebinding), nor press its buttons.
  if (!isLoopback(`http://${headers.host}`) || (headers.origin !== undefined && !isLoopback(headers.origin)))
    return send(response, { status: 403, json: { error: 'Only callers on this machine.' } })
  const body = await readBody(request)
  if (body === undefined) return send(response, { status: 413, json: { error: 'Too large.' } })
  const isJson = headers['content-type']?.startsWith('application/json') === true
  const json = isJson ? parseObject(body) : {}
  if (json === undefined) return send(response, { status: 400, json: { error: 'Send one JSON object.' } })
  const url = new URL(request.url ?? '/', `http://${headers.host}`)
  const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
  send(response, answer({ method, url, form: new URLSearchParams(isJson ? '' : body), json, bearer }, headers))
}

function isLoopback(origin: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(URL.parse(origin)?.hostname ?? '')
}

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

function parseObject(text: string): Call['json'] | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Call['json'])
      : undefined
  } catch {
    return undefined
  }
}

function send(response: ServerResponse, { status, html, json, headers }: Answer): void {
  const bytes = Buffer.from(html ?? (json === undefined ? '' : JSON.stringify(json)))
  const type = html === undefined ? 'application/json' : 'text/html; charset=utf-8'
  const fixed = { 'content-type': type, 'content-length': bytes.length, 'cache-control': 'no-store' }
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
  const notes = await startNotes()
  console.log(`Notes: ${notes.origin}/ for people, ${notes.url} for MCP clients`)
}
