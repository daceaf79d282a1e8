import type { UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { HandlerHost } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import { sha256 } from '../../lib/hash.ts'
import { objectMember, stringMember } from '../../lib/json.ts'
import type { TokenSealer } from '../../lib/seal-token.ts'
import { checkParameterHeaders } from '../../mcp/bridge/modern-to-legacy/check-parameter-headers.ts'
import { createDiscovery } from '../../mcp/bridge/modern-to-legacy/create-discovery.ts'
import { clientCapabilities } from '../../mcp/bridge/modern-to-legacy/map-capabilities.ts'
import { ParkedCalls } from '../../mcp/bridge/modern-to-legacy/parked-calls.ts'
import { inputResponsesOf, openRequestState, stateOf } from '../../mcp/bridge/modern-to-legacy/request-state.ts'
import { metaOf } from '../../mcp/bridge/modern-to-legacy/strip-envelope.ts'
import { readSubscription } from '../../mcp/bridge/modern-to-legacy/subscription.ts'
import type { LegacyClient } from '../../mcp/client-session.ts'
import { clientCapabilitiesKey, logLevelKey } from '../../mcp/eras/2026-07-28/check-envelope.ts'
import { acceptedAnswer } from '../../mcp/own-answer.ts'
import { legacyVersions } from '../../mcp/protocol-versions.ts'
import { UpstreamSessions } from '../../mcp/upstream-sessions.ts'
import { type CallRound, ownAnswer } from './answer-round.ts'
import { beginLegacySession, RefusedHandshake } from './begin-legacy-session.ts'
import type { Bridge } from './bridge.ts'
import { BridgedCall, type BridgedCallHost } from './bridged-call.ts'
import { Cancellation } from './cancellation.ts'
import { type LegacySession, SessionGone } from './legacy-session.ts'
import { saysNothingOfEra } from './shows-other-era.ts'
import type { Upstream } from './upstream.ts'

const parkTtlMs = 5 * 60 * 1000
const mostParkedPerPerson = 8
/** Methods that no upstream of an older revision has in this form. */
const modernOnly: ReadonlySet<string> = new Set(['tasks/get', 'tasks/update', 'tasks/cancel'])

/**
 * Clients of 2026-07-28 in front of an upstream of an older revision: the gateway keeps the sessions that these clients do not have. A session
 * belongs to one person with one OAuth client, credential and set of capabilities.
 */
export class ModernToLegacyBridge implements Bridge {
  readonly #upstream: Upstream
  readonly #sealer: TokenSealer
  readonly #sessions = new UpstreamSessions<LegacySession>()
  readonly #parked: ParkedCalls<BridgedCall>
  readonly #callHost: BridgedCallHost
  readonly #claimPlace: HandlerHost['claimPlace']

  constructor(upstream: Upstream, host: Pick<HandlerHost, 'sessionSealer' | 'limits' | 'claimPlace'>) {
    const { sessionSealer, limits } = host
    this.#upstream = upstream
    this.#claimPlace = host.claimPlace
    this.#sealer = sessionSealer
    // Each holds a connection of its own, and most are for calls that run.
    const most = Math.max(1, Math.floor(limits.upstreamConnections / 4))
    this.#parked = new ParkedCalls({ ttlMs: parkTtlMs, most, mostPerOwner: mostParkedPerPerson })
    this.#callHost = {
      parked: this.#parked,
      sealer: sessionSealer,
      totalMs: limits.upstreamTotalSeconds * 1000,
      idleMs: limits.upstreamIdleSeconds * 1000,
      firstByteMs: limits.upstreamFirstByteSeconds * 1000,
    }
  }

  async send(
    message: McpMessage,
    exchange: Exchange,
    credential: UpstreamCredential | undefined,
  ): Promise<UpstreamAnswer | undefined> {
    if (message.kind !== 'request') return { ...acceptedAnswer, responseHeaders: {} }
    if (modernOnly.has(message.method)) {
      throw new GatewayError('message_method_unknown', { message: `Method not found: ${message.method}` })
    }
    const round = describeRound(message, exchange, credential)
    try {
      const parked = this.#findParked(round)
      return await (parked === undefined ? this.#begin(round) : this.#goOn(parked, round))
    } catch (error) {
      if (!(error instanceof RefusedHandshake)) throw error
      return saysNothingOfEra(error.answer) ? error.answer : undefined
    }
  }

  /** True when this message answers a question of this bridge, whether or not the call still waits: anywhere else it would be a second call. */
  isAnswer(message: McpMessage, exchange: Exchange): boolean {
    const state = message.era === 'modern' ? stateOf(message) : undefined
    return state !== undefined && openRequestState(this.#sealer, state, message, exchange) !== undefined
  }

  async close(): Promise<void> {
    this.#parked.close()
    await this.#sessions.close()
  }

  /** The name of the call that waits for these answers. Undefined for a first round, and where the call is to be sent again. */
  #findParked({ message, exchange }: CallRound): string | undefined {
    const sealed = stateOf(message)
    if (sealed === undefined) {
      if (inputResponsesOf(message) !== undefined) throw new GatewayError('input_state_invalid')
      return undefined
    }
    const state = openRequestState(this.#sealer, sealed, message, exchange)
    if (state === undefined) throw new GatewayError('input_state_invalid')
    if (state.expiresAtMs < Date.now()) throw new GatewayError('input_expired')
    return state.parked
  }

  async #goOn(name: string, round: CallRound): Promise<UpstreamAnswer> {
    const call = this.#parked.take(name)
    round.exchange.upstreamProtocol = call?.protocolVersion
    // Never sent again by itself: the upstream may have done it already.
    if (call === undefined) throw new GatewayError('input_expired')
    if (!call.belongsTo(round)) {
      call.expire()
      throw new GatewayError('input_expired', { detail: 'the person connected another account meanwhile' })
    }
    const answer = await call.goOn(round)
    const stillWaits = answer.status === 401 || answer.status === 403
    if (stillWaits && this.#parked.park(round.owner, call, name) === undefined) call.expire()
    return answer
  }

  async #begin(round: CallRound, mayBeginAnew = true): Promise<UpstreamAnswer> {
    const { message, exchange, caller, owner } = round
    this.#claimPlace?.(exchange)
    const key = keyOf(round)
    const session = await this.#sessions.open(owner, key, () =>
      beginLegacySession(this.#upstream, describeClient(round), caller),
    )
    session.onGone ??= () => this.#sessions.forget(key, session)
    exchange.upstreamProtocol = session.terms.protocolVersion
    if (message.method === 'server/discover') {
      return ownAnswer(200, { jsonrpc: '2.0', id: message.id, result: createDiscovery(session.terms.initialized) })
    }
    if (message.method === 'subscriptions/listen') return listen(session, round)
    const mismatch = checkParameterHeaders(
      session.mirroredArguments(message.method === 'tools/call' ? message.name : undefined),
      objectMember(message.body, 'params')?.arguments,
      exchange.headers,
    )
    if (mismatch) throw mismatch
    if (round.wishes.logLevel !== undefined) await session.lowerLogLevel(round.wishes.logLevel, caller)
    const call = new BridgedCall(this.#callHost, session, round)
    try {
      return await call.run()
    } catch (error) {
      if (!(error instanceof SessionGone)) throw error
      this.#sessions.forget(key, session)
      if (mayBeginAnew) return this.#begin(round, false)
      throw new GatewayError('upstream_refused', { detail: 'the upstream forgets its sessions at once' })
    }
  }
}

/** The stream of `subscriptions/listen`. */
async function listen(session: LegacySession, { message, caller, cancellation }: CallRound): Promise<UpstreamAnswer> {
  const { initialized } = session.terms
  const capabilities = objectMember(initialized, 'capabilities') ?? {}
  const wanted = readSubscription(message.id ?? '', objectMember(message.body, 'params') ?? {}, capabilities)
  const stream = await session.listeners.listen(wanted, session.use(caller))
  cancellation.listen(() => {
    stream.cancel()
    stream.end()
  })
  return stream
}

function describeRound(message: McpMessage, exchange: Exchange, credential: UpstreamCredential | undefined): CallRound {
  const meta = metaOf(message.body)
  const { search, upstreamHeaders, subject, tenant, clientAddress } = exchange
  return {
    message,
    exchange,
    cancellation: new Cancellation(exchange),
    caller: { search, upstreamHeaders, credential },
    capabilities: clientCapabilities(objectMember(meta, clientCapabilitiesKey) ?? {}),
    wishes: { progressToken: meta.progressToken, logLevel: stringMember(meta, logLevelKey) },
    // Where nobody signs in, an address is all that tells people apart.
    owner: JSON.stringify([tenant, subject?.id ?? null, subject ? null : clientAddress]),
  }
}

function describeClient({ message, capabilities }: CallRound): LegacyClient {
  const { name = 'unknown', version = '' } = message.clientInfo ?? {}
  return { protocolVersion: legacyVersions[0], clientInfo: { name, version }, capabilities }
}

/** Everything a session belongs to. Hashed: headers of policies may be secrets. */
function keyOf({ owner, exchange, caller, capabilities }: CallRound): string {
  const headers = [...caller.upstreamHeaders.entries()].filter(([name]) => !tracing.has(name))
  const { search, subject } = exchange
  return sha256(JSON.stringify([owner, subject?.clientId, caller.credential?.identity, capabilities, headers, search]))
}

const tracing: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage'])
