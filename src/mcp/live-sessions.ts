import type { Exchange } from '../contracts/exchange.ts'
import type { LiveSession, LiveSessions, OpenQuestion } from '../contracts/live-sessions.ts'
import type { JsonObject } from '../lib/json.ts'
import { Lru } from '../lib/lru.ts'
import { randomToken } from '../lib/random-id.ts'

const mostOwners = 50_000
const mostPerOwner = 256
const mostEnded = 100_000
const mostSubscriptions = 1_000
const mostQuestions = 64

class LiveSessionState implements LiveSession {
  logLevel: string | undefined
  onSubscriptionsChanged: (() => void) | undefined
  readonly #subscriptions = new Set<string>()
  readonly #questions = new Map<string, (response: JsonObject) => void>()
  readonly #calls = new Map<string | number, () => void>()
  #endStream: (() => void) | undefined

  get subscriptions(): readonly string[] {
    return [...this.#subscriptions]
  }

  subscribe(uri: string): boolean {
    if (this.#subscriptions.size >= mostSubscriptions) return false
    this.#subscriptions.add(uri)
    this.onSubscriptionsChanged?.()
    return true
  }

  unsubscribe(uri: string): void {
    if (this.#subscriptions.delete(uri)) this.onSubscriptionsChanged?.()
  }

  ask(): OpenQuestion | undefined {
    if (this.#questions.size >= mostQuestions) return undefined
    const id = randomToken(18)
    const answer = new Promise<JsonObject>((resolve) => this.#questions.set(id, resolve))
    return { id, answer, withdraw: () => void this.#questions.delete(id) }
  }

  answer(id: string, response: JsonObject): boolean {
    const resolve = this.#questions.get(id)
    this.#questions.delete(id)
    resolve?.(response)
    return resolve !== undefined
  }

  begin(id: string | number, cancel: () => void): () => void {
    this.#calls.set(id, cancel)
    return () => {
      if (this.#calls.get(id) === cancel) this.#calls.delete(id)
    }
  }

  cancel(id: string | number): void {
    this.#calls.get(id)?.()
  }

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

class SessionsInMemory implements LiveSessions {
  /** Sessions by their owner, oldest first. */
  readonly #owners = new Lru<string, Map<string, LiveSessionState>>(mostOwners)
  readonly #ended = new Lru<string, true>(mostEnded)

  get size(): number {
    let size = 0
    for (const sessions of this.#owners.values()) size += sessions.size
    return size
  }

  open(key: string, owner: string): LiveSession | undefined {
    const sessions = this.#owners.get(owner)
    const known = sessions?.get(key)
    if (known !== undefined) return known
    if (this.#ended.has(key)) return undefined
    const session = new LiveSessionState()
    if (sessions === undefined) this.#owners.set(owner, new Map([[key, session]]))
    else {
      sessions.set(key, session)
      if (sessions.size > mostPerOwner) sessions.delete(sessions.keys().next().value ?? key)
    }
    return session
  }

  hasEnded(key: string): boolean {
    return this.#ended.has(key)
  }

  end(key: string, owner: string): void {
    const sessions = this.#owners.get(owner)
    sessions?.get(key)?.end()
    sessions?.delete(key)
    this.#ended.set(key, true)
  }
}

/** Whose session it is. Whoever is nobody shares with all who are nobody from the same address. */
export function sessionOwnerOf({ tenant, subject, clientAddress }: Exchange): string {
  return JSON.stringify(subject ? [tenant, subject.id] : [clientAddress])
}

/** The sessions of this process, in its memory. */
export function createLiveSessions(): LiveSessions {
  return new SessionsInMemory()
}
