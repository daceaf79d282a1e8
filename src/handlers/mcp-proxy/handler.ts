import type { Exchange } from '../../contracts/exchange.ts'
import type {
  HandlerHost,
  HandlerType,
  McpAnswer,
  McpHandler,
  StreamedAnswer,
  UpstreamConnections,
} from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import type { MaybePromise } from '../../lib/maybe-promise.ts'
import type { TokenSealer } from '../../lib/seal-token.ts'
import {
  beginClientSession,
  type ClientSession,
  describeLegacyClient,
  openClientSession,
  sealClientSession,
} from '../../mcp/client-session.ts'
import { EraVerdicts } from '../../mcp/era-verdicts.ts'
import { openSessionId, sealSessionId } from '../../mcp/session-id.ts'
import { BrokeredProxy } from './brokered-proxy.ts'
import { LegacyToModernBridge } from './legacy-to-modern-bridge.ts'
import { ModernToLegacyBridge } from './modern-to-legacy-bridge.ts'
import { type McpProxyOptions, mcpProxyOptions } from './options.ts'
import { readAnswer } from './read-answer.ts'
import { endUpstreamSession, openUpstreamStream, type RelayedSession } from './relay-session.ts'
import { Upstream } from './upstream.ts'
import { UpstreamEras } from './upstream-eras.ts'

const tracingHeaders = ['traceparent', 'tracestate']

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
  const eras = createEras(options, upstream, host)
  return host.credentials
    ? new BrokeredProxy(forwardHeaders, upstream, eras, host, host.credentials)
    : new McpProxy(forwardHeaders, upstream, eras, host)
}

function createEras({ protocol }: McpProxyOptions, upstream: Upstream, host: HandlerHost): UpstreamEras {
  const { liveSessions: sessions, credentials, hasStream } = host
  return new UpstreamEras(new EraVerdicts(protocol), {
    toLegacy: new ModernToLegacyBridge(upstream, host),
    toModern: new LegacyToModernBridge({ upstream, sessions, credentials, hasStream }),
  })
}

/** Sends what policies made of the headers and nothing else. */
class McpProxy implements McpHandler {
  readonly forwardHeaders: readonly string[]
  readonly #upstream: Upstream
  readonly #eras: UpstreamEras
  readonly #sealer: TokenSealer
  readonly #relaySealer: TokenSealer

  constructor(forwardHeaders: readonly string[], upstream: Upstream, eras: UpstreamEras, host: HandlerHost) {
    this.forwardHeaders = forwardHeaders
    this.#upstream = upstream
    this.#eras = eras
    this.#sealer = host.sessionSealer
    this.#relaySealer = host.relaySealer
  }

  async handleMessage(message: McpMessage, exchange: Exchange): Promise<McpAnswer | GatewayError> {
    const session = exchange.headers['mcp-session-id']
    let sessionId: string | undefined
    if (session !== undefined && message.era === 'legacy' && message.method !== 'initialize') {
      sessionId = openSessionId(this.#relaySealer, String(session), exchange)
      if (sessionId === undefined) return this.#answerInSession(String(session), message, exchange)
    }
    const credential = undefined
    if (sessionId === undefined && this.#eras.needsBridge(message, exchange, credential)) {
      const crossed = await this.#eras.cross({ message, exchange, credential, session: undefined })
      if (crossed) return this.#finishCrossing(crossed, message, exchange)
    }
    let received = await this.#upstream.send(message, exchange, { sessionId })
    if (sessionId === undefined && this.#eras.mustReconsider(received, message)) {
      const other = await this.#eras.reconsider(received, { message, exchange, credential, session: undefined })
      if (other !== received) return this.#finishCrossing(other, message, exchange)
    }
    if (message.method === 'initialize') received = await this.#upstream.sendOlder(received, message, exchange, {})
    this.#passSessionOn(received, exchange)
    return readAnswer(received, message, sessionId !== undefined)
  }

  countConnections(): UpstreamConnections {
    return this.#upstream.countConnections()
  }

  async close(): Promise<void> {
    await this.#eras.close()
    await this.#upstream.close()
  }

  openStream(exchange: Exchange): MaybePromise<StreamedAnswer | GatewayError> {
    const session = this.#findSession(exchange)
    if (session instanceof GatewayError) return session
    return 'key' in session
      ? this.#eras.openStream(exchange, undefined, session)
      : openUpstreamStream(this.#upstream, exchange, session)
  }

  endSession(exchange: Exchange): MaybePromise<GatewayError | undefined> {
    const session = this.#findSession(exchange)
    if (session instanceof GatewayError) return session
    return 'key' in session
      ? this.#eras.endSession(session, exchange)
      : endUpstreamSession(this.#upstream, exchange, session)
  }

  /** That of the upstream, or one that the gateway keeps itself. */
  #findSession(exchange: Exchange): RelayedSession | ClientSession | GatewayError {
    const sealed = exchange.headers['mcp-session-id']
    if (sealed === undefined) return { id: undefined }
    const id = openSessionId(this.#relaySealer, String(sealed), exchange)
    if (id !== undefined) return { id }
    return openClientSession(this.#sealer, String(sealed), exchange) ?? new GatewayError('session_unknown')
  }

  /** A session that the gateway keeps itself, because the upstream has none. */
  async #answerInSession(id: string, message: McpMessage, exchange: Exchange): Promise<McpAnswer | GatewayError> {
    const session = openClientSession(this.#sealer, id, exchange)
    const crossed = session && (await this.#eras.cross({ message, exchange, credential: undefined, session }))
    // An upstream that changed its mind about its era makes the client begin anew.
    return crossed ? readAnswer(crossed, message, false) : new GatewayError('session_unknown')
  }

  #finishCrossing(answer: UpstreamAnswer, message: McpMessage, exchange: Exchange): McpAnswer | GatewayError {
    if (message.method === 'initialize' && answer.status === 200) {
      const begun = beginClientSession(describeLegacyClient(message), undefined)
      exchange.setResponseHeader('mcp-session-id', sealClientSession(this.#sealer, begun, exchange))
    }
    return readAnswer(answer, message, false)
  }

  #passSessionOn(answer: UpstreamAnswer, exchange: Exchange): void {
    const session = answer.responseHeaders['mcp-session-id']
    if (typeof session === 'string') {
      exchange.setResponseHeader('mcp-session-id', sealSessionId(this.#relaySealer, session, exchange))
    }
  }
}
