import type { Exchange } from '../../contracts/exchange.ts'
import type { HandlerHost, HandlerType, McpAnswer, McpHandler } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import type { TokenSealer } from '../../lib/seal-token.ts'
import { openSessionId, sealSessionId } from '../../mcp/session-id.ts'
import { BrokeredProxy } from './brokered-proxy.ts'
import { type McpProxyOptions, mcpProxyOptions } from './options.ts'
import { readAnswer } from './read-answer.ts'
import { Upstream } from './upstream.ts'

const tracingHeaders = ['traceparent', 'tracestate', 'baggage']

/** Passes MCP messages to one upstream over Streamable HTTP and its answers back, streamed. */
export const mcpProxyHandler: HandlerType<McpProxyOptions> = {
  exportName: 'McpProxyHandler',
  summary: 'Serves one upstream MCP server: every message goes there over Streamable HTTP, its answers stream back.',
  kind: 'mcp',
  options: mcpProxyOptions,
  upstreamUrl: (options) => describeUrl(options.rewritePattern),
  create: (options, host) => createProxy(options, host),
}

/** Without user and query: some servers take their key there, and this one is printed. */
function describeUrl(pattern: string): string {
  const { origin, pathname } = new URL(pattern)
  return origin + pathname
}

function createProxy(options: McpProxyOptions, host: HandlerHost): McpHandler {
  const forwardHeaders = [...tracingHeaders, ...options.forwardHeaders]
  const upstream = new Upstream(options, host)
  return host.credentials
    ? new BrokeredProxy(forwardHeaders, upstream, host, host.credentials)
    : new McpProxy(forwardHeaders, upstream, host.sessionSealer)
}

/** Sends what policies made of the headers and nothing else. */
class McpProxy implements McpHandler {
  readonly forwardHeaders: readonly string[]
  readonly #upstream: Upstream
  readonly #sealer: TokenSealer

  constructor(forwardHeaders: readonly string[], upstream: Upstream, sealer: TokenSealer) {
    this.forwardHeaders = forwardHeaders
    this.#upstream = upstream
    this.#sealer = sealer
  }

  async handleMessage(message: McpMessage, exchange: Exchange): Promise<McpAnswer | GatewayError> {
    const session = exchange.headers['mcp-session-id']
    let sessionId: string | undefined
    if (session !== undefined && message.era === 'legacy' && message.method !== 'initialize') {
      sessionId = openSessionId(this.#sealer, String(session), exchange)
      if (sessionId === undefined) return new GatewayError('session_unknown')
    }
    const received = await this.#upstream.send(message, exchange, { sessionId })
    this.#passSessionOn(received, exchange)
    return readAnswer(received, message, sessionId !== undefined)
  }

  close(): Promise<void> {
    return this.#upstream.close()
  }

  #passSessionOn(answer: UpstreamAnswer, exchange: Exchange): void {
    const session = answer.responseHeaders['mcp-session-id']
    if (typeof session === 'string') {
      exchange.setResponseHeader('mcp-session-id', sealSessionId(this.#sealer, session, exchange))
    }
  }
}
