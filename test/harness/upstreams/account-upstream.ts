import type { IncomingHttpHeaders } from 'node:http'
import { randomId } from '../../../src/lib/random-id.ts'
import { type RunningUpstream, sendJson, startUpstream, type UpstreamMessage } from './listen.ts'
import { handshakeResult, plainTool, textResult, toolList } from './mcp-results.ts'

interface Refusal {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** An upstream that knows its callers by their bearer token and keeps sessions of the older revisions. */
export interface AccountUpstream extends RunningUpstream {
  /** Every request that it admitted, oldest first. */
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly message: UpstreamMessage }[]
  /** What it answers instead, to requests with this token. */
  readonly refusals: Map<string, Refusal>
  /** Session id to the token that began it. */
  readonly sessions: Map<string, string>
  /** Methods of requests in a revision that it does not know. */
  readonly unknown: string[]
  /** Requests that were refused. */
  refused: number
}

/** How it behaves. */
export interface AccountUpstreamOptions {
  readonly sessions: boolean
  /** It does not know 2026-07-28. */
  readonly older?: boolean
}

/** Starts it. A session is good for the token that began it only; another one is answered with 403, as by servers that look. */
export async function startAccountUpstream(options: AccountUpstreamOptions): Promise<AccountUpstream> {
  const requests: AccountUpstream['requests'] = []
  const refusals: AccountUpstream['refusals'] = new Map()
  const sessions = new Map<string, string>()
  const upstream = await startUpstream((message, request, response) => {
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
    const refusal = refusals.get(token)
    if (refusal) {
      running.refused++
      return response.writeHead(refusal.status, refusal.headers).end(refusal.body)
    }
    const isLegacy = request.headers['mcp-protocol-version'] !== '2026-07-28'
    if (!isLegacy && options.older) {
      running.unknown.push(message.method)
      const error = { code: -32000, message: 'Bad Request: Server not initialized' }
      return sendJson(response, { jsonrpc: '2.0', id: null, error }, 400)
    }
    const session = String(request.headers['mcp-session-id'])
    const inSession = options.sessions && isLegacy && message.method !== 'initialize'
    if (inSession && !sessions.has(session)) return sendJson(response, { error: 'no session' }, 404)
    if (inSession && sessions.get(session) !== token) return response.writeHead(403).end()
    requests.push({ headers: request.headers, message })
    if (message.id === undefined) return response.writeHead(202).end()
    const headers: Record<string, string> = {}
    if (options.sessions && message.method === 'initialize') {
      headers['mcp-session-id'] = randomId()
      sessions.set(headers['mcp-session-id'], token)
    }
    return sendJson(response, { jsonrpc: '2.0', id: message.id, result: resultOf(message, token) }, 200, headers)
  })
  const running: AccountUpstream = { ...upstream, requests, refusals, sessions, unknown: [], refused: 0 }
  return running
}

function resultOf(message: UpstreamMessage, token: string): object {
  if (message.method === 'tools/list') return toolList([plainTool('whoami')], 60_000)
  return handshakeResult(message) ?? textResult(token)
}
