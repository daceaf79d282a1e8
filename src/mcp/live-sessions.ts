import { LRUCache } from 'lru-cache'
import type { JsonObject } from '../lib/json.ts'
import { randomToken } from '../lib/random-id.ts'

const mostSessions = 50_000
const mostEnded = 100_000
const mostSubscriptions = 1_000
const mostQuestions = 64

/** A question that a client was asked on the stream of its call. */
export interface OpenQuestion {
  /** Unguessable JSON-RPC id. */
  readonly id: string
  /** The client's whole JSON-RPC response. */
  readonly answer: Promise<JsonObject>
  /** Nobody waits for the answer any more. */
  withdraw(): void
}

/**
 * What goes on in one session of a client of an older revision besides its requests. Whoever holds it came with the session id, which opens
 * for one subject and client only; so nothing in it is ever within reach of anybody else.
 */
export class LiveSession {
  /** As set by `logging/setLevel`. */
  logLevel: string | undefined
  /** Called when a resource was subscribed to, or not any more; set by the GET stream. */
  onSubscriptionsChanged: (() => void) | undefined
  readonly #subscriptions = new Set<string>()
  readonly #questions = new Map<string, (response: JsonObject) => void>()
  readonly #calls = new Map<string | number, () => void>()
  #endStream: (() => void) | undefined

  get subscriptions(): readonly string[] {
    return [...this.#subscriptions]
  }

  /** False when there are too many. */
  subscribe(uri: string): boolean {
    if (this.#subscriptions.size >= mostSubscriptions) return false
    this.#subscriptions.add(uri)
    this.onSubscriptionsChanged?.()
    return true
  }

  unsubscribe(uri: string): void {
    if (this.#subscriptions.delete(uri)) this.onSubscriptionsChanged?.()
  }

  /** Undefined when the client owes too many answers already. */
  ask(): OpenQuestion | undefined {
    if (this.#questions.size >= mostQuestions) return undefined
    const id = randomToken(18)
    const answer = new Promise<JsonObject>((resolve) => this.#questions.set(id, resolve))
    return { id, answer, withdraw: () => void this.#questions.delete(id) }
  }

  /** Hands a response of the client to the call that waits for it; false when none does. */
  answer(id: string, response: JsonObject): boolean {
    const resolve = this.#questions.get(id)
    this.#questions.delete(id)
    resolve?.(response)
    return resolve !== undefined
  }

  /** A call of this session runs under the client's own id, until the returned function is called. */
  begin(id: string | number, cancel: () => void): () => void {
    this.#calls.set(id, cancel)
    return () => {
      if (this.#calls.get(id) === cancel) this.#calls.delete(id)
    }
  }

  /** `notifications/cancelled`: ends a call of this session, if it still runs. */
  cancel(id: string | number): void {
    this.#calls.get(id)?.()
  }

  /** A session has one GET stream: a new one takes the place of the one before, whose connection may be dead. */
  attachStream(end: () => void): void {
    const before = this.#endStream
    this.#endStream = end
    before?.()
  }

  detachStream(end: () => void): void {
    if (this.#endStream !== end) return
    this.#endStream = undefined
    this.onSubscriptionsChanged = undefined
  }

  /** The client ended the session. */
  end(): void {
    this.#endStream?.()
    for (const cancel of this.#calls.values()) cancel()
    this.#questions.clear()
  }
}

/** The sessions of this process; they outlive a reload of the configuration. A session whose client is idle for long may be forgotten. */
export class LiveSessions {
  readonly #sessions = new LRUCache<string, LiveSession>({ max: mostSessions })
  readonly #ended = new LRUCache<string, true>({ max: mostEnded })

  /** The session of this key; undefined when it was ended. */
  open(key: string): LiveSession | undefined {
    const known = this.#sessions.get(key)
    if (known !== undefined) return known
    if (this.#ended.has(key)) return undefined
    const session = new LiveSession()
    this.#sessions.set(key, session)
    return session
  }

  /** From now on nobody opens it. */
  end(key: string): void {
    this.#sessions.get(key)?.end()
    this.#sessions.delete(key)
    this.#ended.set(key, true)
  }
}
