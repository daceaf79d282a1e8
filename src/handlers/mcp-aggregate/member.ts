import { LRUCache } from 'lru-cache'
import type { Exchange } from '../../contracts/exchange.ts'
import type { RouteAnswer, RouteCall, RouteCaller } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { asGatewayError, GatewayError } from '../../errors/gateway-error.ts'
import { isJsonObject, type JsonObject, objectMember } from '../../lib/json.ts'
import { createMessage } from '../../mcp/classify-message.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import { initializeMessage, readResponse } from '../../mcp/initialize-upstream.ts'

/** What goes with one message. */
export type MemberCall = Pick<RouteCall, 'message' | 'exchange' | 'signal' | 'parameterHeaders'> & {
  /** The client's session with the aggregate; undefined: it has none. */
  readonly session: ClientSession | undefined
}

/** The JSON-RPC response of a member. */
export interface MemberResponse {
  readonly response: JsonObject
  /** Its size, where that is known. */
  readonly bytes: number | undefined
  /** Why it is not what the member would say otherwise. */
  readonly refusal: GatewayError | undefined
}

/** A session that a member gave, and what it said then. */
interface MemberSession {
  /** Undefined: the member keeps none. */
  readonly id: string | undefined
  readonly initialized: MemberResponse
}

const sessionIdleMs = 30 * 60 * 1000
const restMs = 10_000

/** Failures after which it makes no sense to ask again at once. */
const restful: ReadonlySet<string> = new Set(['upstream_unreachable', 'upstream_timeout', 'upstream_disconnected'])

/** One member of an aggregate: another route, and the sessions with it. */
export class AggregateMember {
  readonly name: string
  readonly #route: string
  readonly #routes: RouteCaller
  /** By key of the client's session, which nobody else can open. */
  readonly #sessions = new LRUCache<string, Promise<MemberSession>>({
    max: 10_000,
    ttl: sessionIdleMs,
    updateAgeOnGet: true,
  })
  /** What is not asked for a moment, by person, or person and method: the failure. */
  readonly #resting = new LRUCache<string, GatewayError>({ max: 10_000, ttl: restMs })

  constructor(name: string, route: string, routes: RouteCaller) {
    this.name = name
    this.#route = route
    this.#routes = routes
  }

  /** Never rejects. A session that the member forgot is begun anew, once. */
  async ask(call: MemberCall): Promise<RouteAnswer | GatewayError> {
    const first = await this.#askOnce(call)
    if (!(first instanceof GatewayError) || first.reason !== 'session_unknown' || !call.session) return first
    this.#sessions.delete(call.session.key)
    return this.#askOnce(call)
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

  endSession({ key }: ClientSession): void {
    this.#sessions.delete(key)
  }

  async #askOnce(call: MemberCall): Promise<RouteAnswer | GatewayError> {
    try {
      const session = call.session && (await this.#join(call, call.session))
      return await this.#send(call, session?.id)
    } catch (error) {
      return asGatewayError(error)
    }
  }

  #send(call: MemberCall, sessionId: string | undefined): Promise<RouteAnswer | GatewayError> {
    const { message, exchange, signal, parameterHeaders } = call
    return this.#routes.ask({ route: this.#route, message, exchange, signal, parameterHeaders, sessionId })
  }

  /** The session with the member, begun by whoever comes first. */
  #join(call: MemberCall, session: ClientSession): Promise<MemberSession> {
    const known = this.#sessions.get(session.key)
    if (known) return known
    const opening = this.#begin(call, session)
    this.#sessions.set(session.key, opening)
    opening.catch(() => {
      if (this.#sessions.peek(session.key) === opening) this.#sessions.delete(session.key)
    })
    return opening
  }

  async #begin(call: MemberCall, { client }: ClientSession): Promise<MemberSession> {
    const like = { era: 'legacy', protocolVersion: undefined } as const
    const message = createMessage(like, initializeMessage(client))
    const asked = await this.#send({ ...call, message }, undefined)
    if (asked instanceof GatewayError) throw asked
    const initialized = await readMember(asked)
    if (!isJsonObject(initialized.response.result)) {
      throw new GatewayError('upstream_protocol_error', { detail: 'the member answered initialize with an error' })
    }
    const told = createMessage(call.message, { jsonrpc: '2.0', method: 'notifications/initialized' })
    await this.#send({ ...call, message: told }, asked.sessionId)
    return { id: asked.sessionId, initialized }
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

async function readMember({ answer, isPersonal }: RouteAnswer): Promise<MemberResponse> {
  const response = await readResponse(answer)
  const result = objectMember(response, 'result')
  if (isPersonal && result?.cacheScope === 'public') result.cacheScope = 'private'
  if (answer.kind === 'stream') return { response, bytes: undefined, refusal: undefined }
  return { response, bytes: answer.body.length, refusal: answer.refusal }
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
