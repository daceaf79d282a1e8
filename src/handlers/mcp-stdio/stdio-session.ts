import type { Era } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { type JsonObject, objectMember } from '../../lib/json.ts'
import { subscriptionIdKey } from '../../mcp/eras/2026-07-28/check-envelope.ts'
import { Audience } from './audience.ts'
import type { Listener, PendingCall } from './pending-call.ts'
import type { StdioLink } from './stdio-link.ts'

/** Whose process, and what is spoken with it: a program settles its era with the first message it gets. */
export interface ProcessKey {
  readonly era: Era
  /** The only person who uses it; undefined: everybody does. */
  readonly owner: string | undefined
}

/** How long the program may take. */
export interface CallLimits {
  readonly firstMessageMs: number
  readonly totalMs: number
}

interface Place {
  readonly call: PendingCall
  readonly total: NodeJS.Timeout | undefined
  readonly silence: NodeJS.Timeout | undefined
}

const methodNotFound = -32601
const mostCalls = 1_000

/**
 * The conversation with one process. Every request goes out under an id of the gateway's own, which is its progress token as well: clients
 * all count from the same number (GHSA-345p-7cg4-v4c7).
 */
export class StdioSession {
  readonly era: Era
  /** What the program said of itself: the result of `initialize`, or of `server/discover`. */
  opened: JsonObject = {}
  /** The most verbose level that somebody asked the program for. */
  logLevel: string | undefined
  readonly #link: Pick<StdioLink, 'send'>
  readonly #limits: CallLimits
  readonly #calls = new Map<number, Place>()
  readonly #asked = new Map<string, PendingCall>()
  readonly #audience: Audience
  readonly #listeners: ReadonlySet<Listener>
  /** Who subscribed to a resource in this process, by URI: it knows of one subscriber only. */
  readonly #subscribers = new Map<string, Set<object>>()
  #lastId = 0
  #ended: GatewayError | undefined

  constructor(
    { era, owner }: ProcessKey,
    link: Pick<StdioLink, 'send'>,
    limits: CallLimits,
    listeners: ReadonlySet<Listener>,
  ) {
    this.era = era
    this.#link = link
    this.#limits = limits
    this.#listeners = listeners
    this.#audience = new Audience(owner, listeners)
  }

  /** Somebody waits for an answer. */
  get isBusy(): boolean {
    return [...this.#calls.values()].some(({ call }) => !call.isLasting)
  }

  /** Somebody waits for an answer, or listens. */
  get isInUse(): boolean {
    return this.#calls.size > 0
  }

  /** Sends a request for `call` and returns the id it runs under. Throws a `GatewayError` when the program takes no more. */
  start(call: PendingCall, request: JsonObject, listensToProgress: boolean): number {
    if (this.#ended) throw this.#ended
    const id = ++this.#lastId
    if (this.#calls.size >= mostCalls || !this.#link.send(withHopNames(request, id, listensToProgress))) {
      throw new GatewayError('upstream_rate_limited', {
        detail: 'the program has not taken the calls before this one',
        headers: { 'retry-after': '5' },
      })
    }
    const { firstMessageMs, totalMs } = this.#limits
    const expire = () => this.#expire(id)
    const total = call.isLasting ? undefined : setTimeout(expire, totalMs)
    const silence = call.isLasting ? undefined : setTimeout(expire, firstMessageMs)
    this.#calls.set(id, { call, total, silence })
    this.#audience.enter(id, call)
    return id
  }

  /** The caller wants no answer any more, and the program is told so. */
  cancel(id: number): void {
    if (this.#release(id, 'cancelled') === undefined) return
    const params = { requestId: id, reason: 'The client does not wait any more.' }
    this.#link.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
  }

  /** Sends a notification. */
  tell(notification: JsonObject): void {
    this.#link.send(notification)
  }

  /** Somebody wants updates of a resource. */
  subscribe(uri: string, subscriber: object): void {
    this.#subscribers.set(uri, (this.#subscribers.get(uri) ?? new Set()).add(subscriber))
  }

  /** True when nobody wants updates of it any more, so that the program may be told. */
  unsubscribe(uri: string, subscriber: object): boolean {
    const subscribers = this.#subscribers.get(uri)
    subscribers?.delete(subscriber)
    if (subscribers !== undefined && subscribers.size > 0) return false
    this.#subscribers.delete(uri)
    // Those who subscribed in a process before this one.
    return ![...this.#listeners].some(({ subscriptions }) => subscriptions.includes(uri))
  }

  /** What the program says. */
  take(message: JsonObject): void {
    if (typeof message.method !== 'string') this.#takeResponse(message)
    else if (Object.hasOwn(message, 'id')) this.#takeRequest(message, message.method)
    else this.#takeNotification(message)
  }

  /** Nothing comes any more. */
  end(error: GatewayError): void {
    this.#ended ??= error
    for (const id of this.#calls.keys()) this.#release(id, 'answered')?.fail(error)
  }

  #takeResponse(response: JsonObject): void {
    const { id } = response
    if (typeof id !== 'number') return
    const call = this.#release(id, 'answered')
    this.#audience.forget(id)
    call?.respond(response)
  }

  #takeNotification(notification: JsonObject): void {
    const params = objectMember(notification, 'params') ?? {}
    if (notification.method === 'notifications/cancelled') {
      this.#asked.get(questionKey(params.requestId))?.withdraw(params.requestId)
      this.#asked.delete(questionKey(params.requestId))
      return
    }
    const subscription = objectMember(params, '_meta')?.[subscriptionIdKey]
    const isAboutCall = notification.method === 'notifications/progress' || subscription !== undefined
    if (!isAboutCall) return this.#audience.announce(notification)
    const id = subscription ?? params.progressToken
    if (typeof id === 'number') this.#heard(id)?.notify(notification)
  }

  #takeRequest(request: JsonObject, method: string): void {
    const { id } = request
    const reply = (response: JsonObject): void => {
      this.#asked.delete(questionKey(id))
      this.#link.send({ ...response, jsonrpc: '2.0', id })
    }
    if (method === 'ping') return reply({ result: {} })
    const params = objectMember(request, 'params') ?? {}
    const asked = this.#audience.onlyOwnersCalls().find(({ call }) => call.canAnswer(method, params))
    if (asked === undefined) {
      return reply({ error: { code: methodNotFound, message: `No client can be asked ${method} now.` } })
    }
    this.#heard(asked.id)
    this.#asked.set(questionKey(id), asked.call)
    asked.call.ask(request, reply)
  }

  /** The call with this id, which is not silent. */
  #heard(id: number): PendingCall | undefined {
    const place = this.#calls.get(id)
    clearTimeout(place?.silence)
    return place?.call
  }

  #expire(id: number): void {
    const call = this.#calls.get(id)?.call
    this.cancel(id)
    call?.fail(new GatewayError('upstream_timeout', { detail: 'the program did not answer within the limits' }))
  }

  #release(id: number, why: 'answered' | 'cancelled'): PendingCall | undefined {
    const place = this.#calls.get(id)
    if (place === undefined) return undefined
    clearTimeout(place.total)
    clearTimeout(place.silence)
    this.#calls.delete(id)
    this.#audience.leave(id, why === 'cancelled')
    return place.call
  }
}

/** Ids may be texts or numbers, and `1` is not `"1"`. */
function questionKey(id: unknown): string {
  return JSON.stringify(id) ?? ''
}

function withHopNames(request: JsonObject, id: number, listensToProgress: boolean): JsonObject {
  if (!listensToProgress) return { ...request, id }
  const params = objectMember(request, 'params') ?? {}
  return { ...request, id, params: { ...params, _meta: { ...objectMember(params, '_meta'), progressToken: id } } }
}
