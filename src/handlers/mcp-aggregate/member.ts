import { setTimeout as delay } from 'node:timers/promises'
import type { Exchange } from '../../contracts/exchange.ts'
import type { HandlerHost, RouteAnswer, RouteCall, StreamedAnswer } from '../../contracts/handler.ts'
import type { LiveSession } from '../../contracts/live-sessions.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { asGatewayError, GatewayError } from '../../errors/gateway-error.ts'
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import { Lru } from '../../lib/lru.ts'
import { randomId } from '../../lib/random-id.ts'
import { exposeUri, locateUri } from '../../mcp/aggregate/member-ids.ts'
import { createMessage } from '../../mcp/classify-message.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import { initializeMessage } from '../../mcp/initialize-upstream.ts'
import { sessionOwnerOf } from '../../mcp/live-sessions.ts'
import { UpstreamSessions } from '../../mcp/upstream-sessions.ts'
import { type MemberResponse, MemberSession, readMember } from './member-session.ts'

/** What goes with one message. */
export type MemberCall = Pick<RouteCall, 'message' | 'exchange' | 'signal' | 'parameterHeaders'> & {
  /** The client's session with the aggregate; undefined: it has none. */
  readonly session: ClientSession | undefined
}

/** What begins a session, perhaps only to listen in it. */
type JoiningCall = Pick<MemberCall, 'exchange' | 'signal'> & Partial<Pick<MemberCall, 'message'>>

/** A stream in a session with a member; `leave` says that nobody reads it any more. */
export interface MemberStream {
  readonly source: StreamedAnswer
  readonly leave: () => void
}

const sessionIdleMs = 30 * 60 * 1000
const mostSessionsPerOwner = 256
const restMs = 10_000
const legacy = { era: 'legacy', protocolVersion: undefined } as const

/** Failures after which it makes no sense to ask again at once. */
const restful: ReadonlySet<string> = new Set(['upstream_unreachable', 'upstream_timeout', 'upstream_disconnected'])

const subscribing: ReadonlySet<string> = new Set(['resources/subscribe', 'resources/unsubscribe'])

/** What members use of the gateway. */
type MemberHost = Pick<HandlerHost, 'routes' | 'liveSessions'>

/** One member of an aggregate: another route, and the sessions with it. */
export class AggregateMember {
  readonly name: string
  readonly #route: string
  readonly #host: MemberHost
  /** By key of the client's session, which nobody else can open. */
  readonly #sessions = new UpstreamSessions<MemberSession>({
    idleMs: sessionIdleMs,
    mostPerOwner: mostSessionsPerOwner,
  })
  /** What is not asked for a moment, by person, or person and method: the failure. */
  readonly #resting = new Lru<string, GatewayError>(10_000, { ttl: restMs })

  constructor(name: string, route: string, host: MemberHost) {
    this.name = name
    this.#route = route
    this.#host = host
  }

  /** Never rejects. A session that the member forgot is begun anew, once. */
  async ask(call: MemberCall): Promise<RouteAnswer | GatewayError> {
    const { session } = call
    const asked = await this.#inSession(call, session, (joined) => this.#send(call, joined?.id))
    if (session && subscribing.has(call.message.method) && !(asked instanceof GatewayError)) {
      this.#noteSubscription(call.message, this.#findLive(session, call.exchange))
    }
    return asked
  }

  /** What the member announces to the client of this session by itself. Never rejects. */
  openStream(session: ClientSession, exchange: Exchange): Promise<MemberStream | GatewayError> {
    return this.#inSession({ exchange }, session, async (joined) => {
      const source = await this.#host.routes.openStream({ route: this.#route, exchange, sessionId: joined?.id })
      if (source instanceof GatewayError) return source
      if (joined) joined.streams += 1
      const leave = () => {
        if (joined) joined.streams -= 1
      }
      return { source, leave }
    })
  }

  /** The member announces something to clients of older revisions. */
  get hasStream(): boolean {
    return this.#host.routes.hasStream(this.#route)
  }

  /**
   * The response, at the latest after `ms`. A member that did not answer is left alone for a moment: others wait for the list. Never rejects.
   */
  askInTime(call: MemberCall, ms: number): Promise<MemberResponse | GatewayError> {
    return this.#inTime(call, ms, async (signal) => {
      const asked = await this.ask({ ...call, signal })
      return asked instanceof GatewayError ? asked : readMember(asked)
    })
  }

  /** What the member says of itself, at the latest after `ms`: the handshake of the client's era. Never rejects. */
  shakeHands(call: MemberCall, ms: number): Promise<MemberResponse | GatewayError> {
    const { session } = call
    if (session === undefined) return this.askInTime(call, ms)
    return this.#inTime(call, ms, async (signal) => (await this.#join({ ...call, signal }, session)).initialized)
  }

  hasSession({ key }: ClientSession): boolean {
    return this.#sessions.has(key)
  }

  /** Ends what the member has of this session, at the latest after `ms`. Never rejects. */
  async endSession(session: ClientSession, exchange: Exchange, ms: number): Promise<void> {
    if (!this.#sessions.has(session.key)) return
    const end = async () => {
      const joined = await this.#join({ exchange }, session)
      this.#sessions.forget(session.key, joined)
      if (joined.id !== undefined) {
        await this.#host.routes.endSession({ route: this.#route, exchange, sessionId: joined.id })
      }
    }
    const over = new AbortController()
    const late = delay(ms, undefined, { signal: over.signal }).catch(() => undefined)
    await Promise.race([end().catch(() => undefined), late])
    over.abort()
  }

  close(): Promise<void> {
    return this.#sessions.close()
  }

  /** Runs it once more, in a session begun anew, when the member does not know the first one. Never rejects. */
  async #inSession<Outcome>(
    call: JoiningCall,
    session: ClientSession | undefined,
    run: (joined: MemberSession | undefined) => Promise<Outcome | GatewayError>,
  ): Promise<Outcome | GatewayError> {
    try {
      if (session === undefined) return await run(undefined)
      const joined = await this.#join(call, session)
      const first = await run(joined)
      if (!(first instanceof GatewayError) || first.reason !== 'session_unknown') return first
      this.#sessions.forget(session.key, joined)
      return await run(await this.#join(call, session))
    } catch (error) {
      return asGatewayError(error)
    }
  }

  /** What a client subscribed to outlives the session with the member. */
  #noteSubscription({ method, body }: McpMessage, live: LiveSession | undefined): void {
    const uri = stringMember(objectMember(body, 'params') ?? {}, 'uri')
    if (uri === undefined) return
    if (method === 'resources/subscribe') live?.subscribe(exposeUri(this.name, uri))
    if (method === 'resources/unsubscribe') live?.unsubscribe(exposeUri(this.name, uri))
  }

  async #subscribeAgain(call: JoiningCall, session: ClientSession, sessionId: string | undefined): Promise<void> {
    for (const exposed of this.#findLive(session, call.exchange)?.subscriptions ?? []) {
      const uri = locateUri(exposed, new Set([this.name]))?.id
      if (uri === undefined) continue
      const body = { jsonrpc: '2.0', id: randomId(), method: 'resources/subscribe', params: { uri } }
      await this.#send({ ...call, message: createMessage(legacy, body) }, sessionId)
    }
  }

  #findLive({ key }: ClientSession, exchange: Exchange): LiveSession | undefined {
    return this.#host.liveSessions.open(key, sessionOwnerOf(exchange))
  }

  #send(call: Omit<MemberCall, 'session'>, sessionId: string | undefined): Promise<RouteAnswer | GatewayError> {
    const { message, exchange, signal, parameterHeaders } = call
    return this.#host.routes.ask({ route: this.#route, message, exchange, signal, parameterHeaders, sessionId })
  }

  /** The session with the member, begun by whoever comes first. */
  #join(call: JoiningCall, session: ClientSession): Promise<MemberSession> {
    return this.#sessions.open(sessionOwnerOf(call.exchange), session.key, () => this.#begin(call, session))
  }

  async #begin(call: JoiningCall, session: ClientSession): Promise<MemberSession> {
    const message = createMessage(legacy, initializeMessage(session.client))
    const asked = await this.#send({ ...call, message }, undefined)
    if (asked instanceof GatewayError) throw asked
    const initialized = await readMember(asked)
    if (!isJsonObject(initialized.response.result)) {
      throw new GatewayError('upstream_protocol_error', { detail: 'the member answered initialize with an error' })
    }
    const told = createMessage(call.message ?? legacy, { jsonrpc: '2.0', method: 'notifications/initialized' })
    await this.#send({ ...call, message: told }, asked.sessionId)
    await this.#subscribeAgain(call, session, asked.sessionId)
    return new MemberSession(asked.sessionId, initialized)
  }

  async #inTime(
    { exchange, message }: MemberCall,
    ms: number,
    ask: (signal: AbortSignal) => Promise<MemberResponse | GatewayError>,
  ): Promise<MemberResponse | GatewayError> {
    const person = JSON.stringify([exchange.tenant, exchange.subject?.id])
    // One that keeps silent about resources may well list tools.
    const question = JSON.stringify([person, message.method])
    const failure = this.#resting.get(person) ?? this.#resting.get(question)
    if (failure) return failure
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), ms)
    const outcome = await Promise.race([ask(deadline.signal).catch(asGatewayError), timeOut(deadline.signal)])
    clearTimeout(timer)
    if (outcome instanceof GatewayError && restful.has(outcome.reason)) {
      this.#resting.set(outcome.reason === 'upstream_timeout' ? question : person, outcome)
    }
    return outcome
  }
}

function timeOut(signal: AbortSignal): Promise<GatewayError> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(new GatewayError('upstream_timeout')), { once: true })
  })
}

/** Whose answers may be remembered for whom. */
export function ownerOf({ subject }: Exchange): string {
  return subject === undefined ? 'anonymous' : `subject:${subject.id}`
}

/** The message of a client with other `params`, for a member. */
export function withParams(message: McpMessage, params: JsonObject): McpMessage {
  return createMessage(message, { ...message.body, params })
}
