import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { type RunningUpstream, sendJson, startUpstream, type UpstreamMessage } from './listen.ts'
import { plainTool } from './mcp-results.ts'

/** One request as it reached the upstream. */
export interface ModernRequest {
  readonly message: UpstreamMessage
  readonly headers: IncomingHttpHeaders
  readonly response: ServerResponse
  /** Answers with JSON. */
  answer(outcome: { readonly result: object } | { readonly error: object }, status?: number): void
  /** Sends a notification, as an event. */
  notify(method: string, params: object): void
  /** Resolves when the gateway closed the connection before the answer. */
  readonly closed: Promise<void>
}

/** An upstream that only speaks 2026-07-28, as a script. */
export interface ModernUpstream extends RunningUpstream {
  /** All requests so far, oldest first. */
  readonly requests: readonly ModernRequest[]
  /** Those of one method. */
  of(method: string): readonly ModernRequest[]
  /** Definitions of its tools; `tools/list` shows them. Undefined: there is no such method. */
  tools: object[] | undefined
  /** Answers `tools/call` and what else is not answered by default. */
  onRequest: (request: ModernRequest) => void
  /** Answers `subscriptions/listen`. */
  onListen: (request: ModernRequest) => void
}

const versionKey = 'io.modelcontextprotocol/protocolVersion'
const serverInfo = { name: 'modern', version: '1.0.0', title: 'Modern' }
const _meta = { 'io.modelcontextprotocol/serverInfo': serverInfo }
const capabilities = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  logging: {},
  extensions: { 'io.modelcontextprotocol/ui': {} },
}

/** Starts the upstream; it refuses everything without an envelope, and every header that does not say what the body says. */
export async function startModernUpstream(): Promise<ModernUpstream> {
  const requests: ModernRequest[] = []
  const upstream = await startUpstream((message, { headers }, response) => {
    const request = createRequest(message, headers, response)
    const refusal = refuse(message, headers)
    if (refusal) return request.answer({ error: refusal }, 400)
    requests.push(request)
    if (message.method === 'server/discover') return request.answer({ result: discovered })
    if (message.method === 'tools/list') {
      if (!running.tools) return request.answer({ error: { code: -32601, message: 'Method not found' } }, 404)
      return request.answer({
        result: { resultType: 'complete', tools: running.tools, ttlMs: 0, cacheScope: 'private', _meta },
      })
    }
    return message.method === 'subscriptions/listen' ? running.onListen(request) : running.onRequest(request)
  })
  const running: ModernUpstream = {
    ...upstream,
    requests,
    of: (method) => requests.filter(({ message }) => message.method === method),
    tools: [plainTool('work')],
    onRequest: (request) => request.answer({ result: { resultType: 'complete', content: [], _meta } }),
    onListen: (request) => request.notify('notifications/subscriptions/acknowledged', { notifications: {} }),
  }
  return running
}

const discovered = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities,
  instructions: 'Ask before you work.',
  ttlMs: 60_000,
  cacheScope: 'private',
  _meta,
}

function createRequest(
  message: UpstreamMessage,
  headers: IncomingHttpHeaders,
  response: ServerResponse,
): ModernRequest {
  const send = (body: object) => response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...body })}\n\n`)
  return {
    message,
    headers,
    response,
    answer: (outcome, status = 200) => {
      if (!response.headersSent) return sendJson(response, { jsonrpc: '2.0', id: message.id, ...outcome }, status)
      send({ id: message.id, ...outcome })
      response.end()
    },
    notify: (method, params) => {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
      send({ method, params })
    },
    closed: new Promise((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) resolve()
      })
    }),
  }
}

function refuse({ method, params }: UpstreamMessage, headers: IncomingHttpHeaders): object | undefined {
  const meta = params?.['_meta'] as { [key: string]: unknown } | undefined
  const version = meta?.[versionKey]
  if (version === undefined) {
    const requested = headers['mcp-protocol-version'] ?? params?.['protocolVersion']
    return { code: -32022, message: 'Unsupported protocol version', data: { supported: ['2026-07-28'], requested } }
  }
  const name = method === 'tools/call' ? params?.['name'] : method === 'resources/read' ? params?.['uri'] : undefined
  const isMirrored =
    headers['mcp-protocol-version'] === version &&
    headers['mcp-method'] === method &&
    headers['mcp-name'] === name &&
    headers['mcp-session-id'] === undefined
  return isMirrored ? undefined : { code: -32020, message: 'A header does not say what the body says' }
}

/** A question of the upstream, as a result. */
export function askFor(inputRequests: object, requestState?: string): { readonly result: object } {
  return {
    result: { resultType: 'input_required', inputRequests, ...(requestState !== undefined && { requestState }), _meta },
  }
}

/** The answer to a call. */
export function sayText(text: string): { readonly result: object } {
  return { result: { resultType: 'complete', content: [{ type: 'text', text }], _meta } }
}
