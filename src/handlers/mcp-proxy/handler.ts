import type { Pool } from 'undici'
import type { Exchange } from '../../contracts/exchange.ts'
import type { HandlerHost, HandlerType, McpAnswer, McpHandler } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { createUpstreamPool, sendUpstream, type UpstreamAnswer, type UpstreamLimits } from '../../http/send-upstream.ts'
import { openSessionId, sealSessionId } from '../../mcp/session-id.ts'
import { type McpProxyOptions, mcpProxyOptions } from './options.ts'
import { readAnswer } from './read-answer.ts'
import { buildUpstreamHeaders } from './upstream-headers.ts'

const tracingHeaders = ['traceparent', 'tracestate', 'baggage']

/** Passes MCP messages to one upstream over Streamable HTTP and its answers back, streamed. */
export const mcpProxyHandler: HandlerType<McpProxyOptions> = {
  exportName: 'McpProxyHandler',
  summary: 'Serves one upstream MCP server: every message goes there over Streamable HTTP, its answers stream back.',
  kind: 'mcp',
  options: mcpProxyOptions,
  upstreamUrl: (options) => describeUrl(options.rewritePattern),
  create: (options, host) => new McpProxy(options, host),
}

/** Without user and query: some servers take their key there, and this one is printed. */
function describeUrl(pattern: string): string {
  const { origin, pathname } = new URL(pattern)
  return origin + pathname
}

class McpProxy implements McpHandler {
  readonly forwardHeaders: readonly string[]
  readonly #pool: Pool
  /** Subscriptions stay open for long; among the calls, some hundred of them would leave no connection for anybody. */
  readonly #subscriptions: Pool
  readonly #path: string
  readonly #search: string
  readonly #forwardSearch: boolean
  readonly #limits: UpstreamLimits
  readonly #host: HandlerHost

  constructor(options: McpProxyOptions, host: HandlerHost) {
    const { limits } = host
    const url = new URL(options.rewritePattern)
    this.forwardHeaders = [...tracingHeaders, ...options.forwardHeaders]
    const firstByteMs = limits.upstreamFirstByteSeconds * 1000
    const poolLimits = {
      connections: limits.upstreamConnections,
      connectMs: limits.upstreamConnectSeconds * 1000,
      firstByteMs,
      idleMs: limits.upstreamIdleSeconds * 1000,
    }
    this.#pool = createUpstreamPool(url.origin, poolLimits)
    this.#subscriptions = createUpstreamPool(url.origin, poolLimits)
    this.#path = url.pathname
    this.#search = url.search
    this.#forwardSearch = options.forwardSearch
    this.#limits = {
      responseBytes: limits.responseBytes,
      sseEventBytes: limits.sseEventBytes,
      firstByteMs,
      totalMs: limits.upstreamTotalSeconds * 1000,
    }
    this.#host = host
  }

  async handleMessage(message: McpMessage, exchange: Exchange): Promise<McpAnswer | GatewayError> {
    const session = exchange.headers['mcp-session-id']
    let upstreamSession: string | undefined
    if (session !== undefined && message.era === 'legacy' && message.method !== 'initialize') {
      upstreamSession = openSessionId(this.#host.sessionSealer, String(session), exchange)
      if (upstreamSession === undefined) return new GatewayError('session_unknown')
    }
    const call = sendUpstream(
      message.method === 'subscriptions/listen' ? this.#subscriptions : this.#pool,
      {
        path: this.#path + this.#searchFor(exchange),
        headers: buildUpstreamHeaders(message, exchange, upstreamSession),
        body: message.edited ? Buffer.from(JSON.stringify(message.body)) : message.bytes,
      },
      this.#limits,
    )
    exchange.onCancel(() => call.cancel())
    const received = await call.answer
    this.#passSessionOn(received, exchange)
    return readAnswer(received, message, upstreamSession !== undefined)
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#subscriptions.destroy()])
  }

  #searchFor(exchange: Exchange): string {
    if (!this.#forwardSearch || exchange.search === '') return this.#search
    return this.#search === '' ? exchange.search : mergeSearch(this.#search, exchange.search)
  }

  #passSessionOn(answer: UpstreamAnswer, exchange: Exchange): void {
    const session = answer.responseHeaders['mcp-session-id']
    if (typeof session === 'string') {
      exchange.setResponseHeader('mcp-session-id', sealSessionId(this.#host.sessionSealer, session, exchange))
    }
  }
}

/** The operator's query and the caller's; a caller cannot set again what the operator has set (`?read_only=true`). */
function mergeSearch(operators: string, callers: string): string {
  const merged = new URLSearchParams(operators)
  const fixed = new Set(merged.keys())
  for (const [name, value] of new URLSearchParams(callers)) {
    if (!fixed.has(name)) merged.append(name, value)
  }
  return `?${merged.toString()}`
}
