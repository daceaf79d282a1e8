import type { Pool } from 'undici'
import type { UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { HandlerHost, UpstreamConnections } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import {
  createUpstreamPool,
  sendUpstream,
  type UpstreamAnswer,
  type UpstreamLimits,
  type UpstreamRequest,
} from '../../http/send-upstream.ts'
import type { JsonObject } from '../../lib/json.ts'
import { createMessage } from '../../mcp/classify-message.ts'
import { RevisionVerdicts } from '../../mcp/revision-verdicts.ts'
import { adaptRevision, askOlderRevision } from './ask-older-revision.ts'
import type { McpProxyOptions } from './options.ts'
import { buildUpstreamHeaders, type UpstreamHop } from './upstream-headers.ts'

/** One request that is under way. */
export type UpstreamExchange = ReturnType<typeof sendUpstream>

/** A request that the gateway makes in a session of its own, besides relaying. */
export interface SessionRequest extends Pick<UpstreamRequest, 'method' | 'headers' | 'body' | 'idleMs' | 'isLasting'> {
  /** Query of the exchange it belongs to. */
  readonly search: string
}

// One for each client that listens; what a person may hold is limited where they ask.
const mostStreams = 10_000

/** The MCP endpoint behind a route, with its connections. */
export class Upstream {
  readonly #pool: Pool
  /** Subscriptions stay open for long; among the calls, some hundred of them would leave no connection for anybody. */
  readonly #subscriptions: Pool
  readonly #path: string
  readonly #search: string
  readonly #forwardSearch: boolean
  readonly #limits: UpstreamLimits
  readonly #revisions = new RevisionVerdicts()

  constructor(options: McpProxyOptions, { limits, credentials }: HandlerHost) {
    const url = new URL(options.rewritePattern)
    const firstByteMs = limits.upstreamFirstByteSeconds * 1000
    const poolLimits = {
      connections: limits.upstreamConnections,
      connectMs: limits.upstreamConnectSeconds * 1000,
      firstByteMs,
      idleMs: limits.upstreamIdleSeconds * 1000,
    }
    const certificate = credentials?.upstream.clientCertificate
    this.#pool = createUpstreamPool(url.origin, poolLimits, certificate)
    this.#subscriptions = createUpstreamPool(url.origin, { ...poolLimits, connections: mostStreams }, certificate)
    this.#path = url.pathname
    this.#search = url.search
    this.#forwardSearch = options.forwardSearch
    this.#limits = {
      responseBytes: limits.responseBytes,
      sseEventBytes: limits.sseEventBytes,
      firstByteMs,
      totalMs: limits.upstreamTotalSeconds * 1000,
    }
  }

  /**
   * Sends one message. Rejects with an `upstream_…` reason; HTTP statuses are answers. `initialize` asks for the revision that this upstream is
   * known to take.
   */
  send(message: McpMessage, exchange: Exchange, hop: UpstreamHop): Promise<UpstreamAnswer> {
    const isHandshake = message.method === 'initialize'
    return this.#send(isHandshake ? this.#adapt(message, hop) : message, exchange, hop)
  }

  /** Asks in an older revision where an `initialize` was refused; the answer to it, or the one that is given. */
  sendOlder(
    refused: UpstreamAnswer,
    message: McpMessage,
    exchange: Exchange,
    hop: UpstreamHop,
  ): Promise<UpstreamAnswer> {
    const identity = hop.credential?.identity ?? ''
    const send = (older: McpMessage) => this.#send(older, exchange, hop)
    return askOlderRevision(refused, this.#adapt(message, hop), identity, this.#revisions, send)
  }

  #adapt(message: McpMessage, { credential }: UpstreamHop): McpMessage {
    return adaptRevision(message, credential?.identity ?? '', this.#revisions)
  }

  #send(message: McpMessage, exchange: Exchange, hop: UpstreamHop): Promise<UpstreamAnswer> {
    const isLasting = message.method === 'subscriptions/listen'
    const call = sendUpstream(
      isLasting ? this.#subscriptions : this.#pool,
      {
        isLasting,
        path: this.#path + this.#searchFor(exchange.search),
        headers: buildUpstreamHeaders(message, exchange, hop),
        body: message.edited ? Buffer.from(JSON.stringify(message.body)) : message.bytes,
      },
      this.#limits,
    )
    exchange.onCancel(() => call.cancel())
    return call.answer
  }

  /** `initialize` of a session of the gateway's own, likewise. */
  async initialize(
    body: JsonObject,
    credential: UpstreamCredential | undefined,
    request: Omit<SessionRequest, 'body'>,
  ): Promise<UpstreamAnswer> {
    const identity = credential?.identity ?? ''
    const send = (message: McpMessage) => this.request({ ...request, body: message.bytes }).answer
    const own = createMessage({ era: 'legacy', protocolVersion: undefined }, body)
    const message = adaptRevision(own, identity, this.#revisions)
    return askOlderRevision(await send(message), message, identity, this.#revisions, send)
  }

  /** Sends one request of a session. Rejects like `send`. */
  request({ search, ...request }: SessionRequest): UpstreamExchange {
    const pool = request.method === 'GET' ? this.#subscriptions : this.#pool
    return sendUpstream(pool, { ...request, path: this.#path + this.#searchFor(search) }, this.#limits)
  }

  /** Of both pools. */
  countConnections(): UpstreamConnections {
    const [calls, streams] = [this.#pool.stats, this.#subscriptions.stats]
    return {
      open: calls.connected + streams.connected,
      busy: calls.running + streams.running,
      waiting: calls.queued + streams.queued,
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#subscriptions.destroy()])
  }

  #searchFor(search: string): string {
    if (!this.#forwardSearch || search === '') return this.#search
    return this.#search === '' ? search : mergeSearch(this.#search, search)
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
