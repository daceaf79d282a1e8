import type { CredentialSource, UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { StreamedAnswer } from '../../contracts/handler.ts'
import type { LiveSession, LiveSessions } from '../../contracts/live-sessions.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import { isJsonObject, type JsonObject, objectMember } from '../../lib/json.ts'
import { Lru } from '../../lib/lru.ts'
import { answerLocally } from '../../mcp/bridge/legacy-to-modern/answer-locally.ts'
import { HopExchange } from '../../mcp/bridge/legacy-to-modern/hop-exchange.ts'
import { initializeResult } from '../../mcp/bridge/legacy-to-modern/initialize-result.ts'
import { LegacyCall } from '../../mcp/bridge/legacy-to-modern/legacy-call.ts'
import { SessionStream } from '../../mcp/bridge/legacy-to-modern/session-stream.ts'
import { ToolFinder } from '../../mcp/bridge/legacy-to-modern/tool-finder.ts'
import { type ClientSession, describeLegacyClient, unknownLegacyClient } from '../../mcp/client-session.ts'
import { sessionOwnerOf } from '../../mcp/live-sessions.ts'
import { acceptedAnswer } from '../../mcp/own-answer.ts'
import { modernVersions } from '../../mcp/protocol-versions.ts'
import type { Bridge } from './bridge.ts'
import { askUpstream, type ModernHop, ownerOf } from './modern-hop.ts'
import { findCredentialRefusal } from './read-answer.ts'
import { saysNothingOfEra, showsOtherEra } from './shows-other-era.ts'
import type { Upstream } from './upstream.ts'

/** What the bridge needs of its route. */
export interface LegacyToModernOptions {
  readonly upstream: Upstream
  readonly sessions: LiveSessions
  /** Undefined: the route brokers no credentials. */
  readonly credentials: CredentialSource | undefined
  /** Clients can open a GET stream here. */
  readonly hasStream: boolean
}

interface Discovered {
  readonly result: JsonObject
  readonly untilMs: number
}

const mostDiscovered = 5_000
const longestTtlMs = 60 * 60 * 1000

/** Carries messages of clients of older revisions to an upstream of 2026-07-28. */
export class LegacyToModernBridge implements Bridge {
  readonly #options: LegacyToModernOptions
  readonly #discovered = new Lru<string, Discovered>(mostDiscovered)
  readonly #tools = new ToolFinder()

  constructor(options: LegacyToModernOptions) {
    this.#options = options
  }

  async send(
    message: McpMessage,
    exchange: Exchange,
    credential: UpstreamCredential | undefined,
    session?: ClientSession,
  ): Promise<UpstreamAnswer | undefined> {
    const live = session && this.#openLive(session, exchange)
    if (message.kind !== 'request') return this.#takeMessage(message, live)
    exchange.upstreamProtocol = modernVersions[0]
    const hop = { exchange, credential, client: session?.client ?? unknownLegacyClient(message.protocolVersion) }
    if (message.method === 'initialize') return this.#initialize(message, hop)
    const local = answerLocally(message, live)
    return local ? createAnswer(message, local) : this.#call(message, hop, live)
  }

  /** The GET stream of a session. */
  openStream(exchange: Exchange, credential: UpstreamCredential | undefined, session: ClientSession): StreamedAnswer {
    const hop = { exchange, credential, client: session.client }
    const opened = new SessionStream({
      client: session.client,
      session: this.#openLive(session, exchange),
      onToolsChanged: () => this.#tools.forget(ownerOf(hop)),
      listen: async (request, onAbort) => {
        const current = await this.#currentCredential(hop)
        if (current instanceof GatewayError) throw current
        const listening = new HopExchange(exchange)
        onAbort(() => listening.cancel())
        return this.#options.upstream.send(request, listening, { credential: current })
      },
    })
    exchange.onCancel(opened.end)
    return opened.stream
  }

  hasEnded({ key }: ClientSession): boolean {
    return this.#options.sessions.hasEnded(key)
  }

  /** DELETE: from now on the session is unknown. */
  endSession(session: ClientSession, exchange: Exchange): void {
    this.#openLive(session, exchange)
    this.#options.sessions.end(session.key, sessionOwnerOf(exchange))
  }

  /**
   * What the upstream says of itself in 2026-07-28; undefined when it does not speak it. An answer about the credential, or of a busy
   * upstream, comes as it is.
   */
  async discover(hop: ModernHop): Promise<Discovery | undefined> {
    const key = JSON.stringify([ownerOf(hop), [...hop.exchange.upstreamHeaders.entries()].filter(isStable)])
    const known = this.#discovered.get(key)
    if (known !== undefined && known.untilMs > performance.now()) return { result: known.result }
    const asking = new HopExchange(hop.exchange)
    hop.exchange.onCancel(() => asking.cancel())
    const { answer, response } = await askUpstream(
      this.#options.upstream,
      { method: 'server/discover', params: {} },
      hop,
      asking,
    )
    const { result } = response ?? {}
    if (!isJsonObject(result)) return saysNothingOfEra(answer) ? { answer } : undefined
    const ttlMs = typeof result.ttlMs === 'number' ? Math.min(result.ttlMs, longestTtlMs) : 0
    if (ttlMs > 0) this.#discovered.set(key, { result, untilMs: performance.now() + ttlMs })
    return { result }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #openLive({ key }: ClientSession, exchange: Exchange): LiveSession {
    const live = this.#options.sessions.open(key, sessionOwnerOf(exchange))
    if (live === undefined) throw new GatewayError('session_unknown')
    return live
  }

  /** Notifications and responses: 2026-07-28 has none of clients, so they end here. */
  #takeMessage({ kind, method, id, body }: McpMessage, session: LiveSession | undefined): UpstreamAnswer {
    if (kind === 'response' && !session?.answer(String(id), body)) throw new GatewayError('message_response_unexpected')
    if (method === 'notifications/cancelled') {
      const requestId = objectMember(body, 'params')?.requestId
      if (typeof requestId === 'string' || typeof requestId === 'number') session?.cancel(requestId)
    }
    return accepted
  }

  async #initialize(message: McpMessage, { exchange, credential }: Omit<ModernHop, 'client'>) {
    const client = describeLegacyClient(message)
    const discovered = await this.discover({ exchange, credential, client })
    if (discovered?.result === undefined) return discovered?.answer
    const result = initializeResult(discovered.result, client.protocolVersion, this.#options.hasStream)
    return createAnswer(message, { result })
  }

  async #call(
    message: McpMessage,
    hop: ModernHop,
    session: LiveSession | undefined,
  ): Promise<UpstreamAnswer | undefined> {
    let running: HopExchange | undefined
    let isFirst = true
    const params = objectMember(message.body, 'params')
    const call = new LegacyCall({
      message,
      client: hop.client,
      session,
      findTool: (anew) => {
        const finding = new HopExchange(hop.exchange)
        running = finding
        return this.#tools.find(ownerOf(hop), message.name ?? '', anew, async (listed) => {
          const asked = { method: 'tools/list', params: listed }
          return (await askUpstream(this.#options.upstream, asked, hop, finding)).response
        })
      },
      send: async (request, headers) => {
        running = new HopExchange(hop.exchange, headers)
        const current = isFirst ? hop.credential : await this.#currentCredential(hop)
        if (current instanceof GatewayError) throw current
        const answer = await this.#options.upstream.send(request, running, { credential: current })
        if (isFirst && answer.status >= 400 && showsOtherEra(answer, request)) throw new OtherEra()
        // The first refusal is for whoever chose the credential; later ones come after a person has answered.
        const renewed = isFirst ? undefined : await this.#renew(answer, current, hop)
        isFirst = false
        return renewed ? this.#options.upstream.send(request, running, { credential: renewed }) : answer
      },
      onResult: (result) => {
        if (message.method === 'tools/list') this.#tools.note(ownerOf(hop), result, params?.cursor === undefined)
      },
      abort: () => running?.cancel(),
    })
    hop.exchange.onCancel(() => call.cancel())
    try {
      return await call.run()
    } catch (error) {
      if (error instanceof OtherEra) return undefined
      throw error
    }
  }

  /** A person may take longer to answer than an access token lives, but what began as one account does not go on as another. */
  async #currentCredential({
    exchange,
    credential,
  }: ModernHop): Promise<UpstreamCredential | GatewayError | undefined> {
    const current = await (credential && this.#options.credentials?.obtain(exchange))
    if (current === undefined || current instanceof GatewayError) return current ?? credential
    if (current.identity === credential?.identity) return current
    return new GatewayError('upstream_unauthorized', { detail: 'the account is another one by now' })
  }

  async #renew(answer: UpstreamAnswer, used: UpstreamCredential | undefined, { exchange }: ModernHop) {
    const refusal = findCredentialRefusal(answer)
    if (refusal === undefined || this.#options.credentials === undefined) return undefined
    if (answer.kind === 'stream') answer.cancel()
    const renewed = await this.#options.credentials.renew(used, refusal, exchange)
    if (renewed instanceof GatewayError) throw renewed
    return renewed
  }
}

/** What an upstream said of itself, or why it said nothing. */
export type Discovery =
  | { readonly result: JsonObject; readonly answer?: undefined }
  | { readonly answer: UpstreamAnswer; readonly result?: undefined }

/** The upstream refused in the way of one that does not speak 2026-07-28. */
class OtherEra extends Error {}

/** Headers that are another with every request say nothing about the answer. */
function isStable([name]: readonly [name: string, value: string]): boolean {
  return name !== 'traceparent' && name !== 'tracestate' && name !== 'baggage'
}

const accepted: UpstreamAnswer = { ...acceptedAnswer, responseHeaders: {} }

function createAnswer({ id }: McpMessage, outcome: JsonObject): UpstreamAnswer {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }))
  const responseHeaders = { 'content-type': 'application/json' }
  return { kind: 'json', status: 200, body, headers: {}, upstreamMs: 0, responseHeaders }
}
