import { Lru } from '../lib/lru.ts'

/** What the pool needs to know of a session. */
export interface PooledSession {
  /** Something runs in it or waits in it. */
  readonly isBusy: boolean
  /** Takes no more work; ends, also upstream, when what runs in it is done. */
  retire(): void
  /** Ends it at once, also upstream. Never rejects. */
  end(): Promise<void>
}

/** Bounds on the sessions of one route. */
export interface PoolBounds {
  /** Sessions that nobody used for this long are ended. */
  readonly idleMs: number
  readonly most: number
  /** One person with many clients cannot push out the sessions of others. */
  readonly mostPerOwner: number
}

interface Entry<Session> {
  readonly owner: string
  readonly opening: Promise<Session>
  session: Session | undefined
  usedAtMs: number
}

const defaultBounds: PoolBounds = { idleMs: 10 * 60 * 1000, most: 10_000, mostPerOwner: 32 }

/**
 * Sessions that the gateway opened upstream: for a legacy client that began its own before there was a credential, and for clients of
 * 2026-07-28, which have none. In memory: after a restart they are opened anew. `key` must say everything that a session belongs to, `owner`
 * whose it is; no session is ever anybody else's.
 */
export class UpstreamSessions<Session extends PooledSession> {
  readonly #bounds: PoolBounds
  readonly #entries: Lru<string, Entry<Session>>
  readonly #keysOfOwners = new Map<string, Set<string>>()
  readonly #sweep: NodeJS.Timeout
  readonly #nowMs: () => number

  constructor(bounds: Partial<PoolBounds> = {}, nowMs: () => number = () => performance.now()) {
    this.#bounds = { ...defaultBounds, ...bounds }
    this.#nowMs = nowMs
    this.#entries = new Lru(this.#bounds.most, { dispose: (entry, key) => this.#let(entry, key) })
    this.#sweep = setInterval(() => this.endIdle(), this.#bounds.idleMs / 10).unref()
  }

  /** The session under this key, opened by whoever comes first. One that could not be opened is not remembered. */
  open(owner: string, key: string, begin: () => Promise<Session>): Promise<Session> {
    const known = this.#entries.get(key)
    if (known !== undefined) {
      known.usedAtMs = this.#nowMs()
      return known.opening
    }
    const entry: Entry<Session> = { owner, opening: begin(), session: undefined, usedAtMs: this.#nowMs() }
    this.#makeRoom(owner, key)
    this.#entries.set(key, entry)
    entry.opening.then(
      (session) => {
        entry.session = session
        // It was pushed out while it was being opened.
        if (this.#entries.peek(key) !== entry) session.retire()
      },
      () => this.#remove(key, entry),
    )
    return entry.opening
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /** The upstream does not know the session any more; the one that may have taken its place stays. */
  forget(key: string, session: Session): void {
    const entry = this.#entries.peek(key)
    if (entry?.session === session) this.#remove(key, entry)
  }

  /** Ends what nobody used for a while. */
  endIdle(): void {
    const before = this.#nowMs() - this.#bounds.idleMs
    const idle: string[] = []
    for (const [key, entry] of this.#entries.entries()) {
      if (entry.session === undefined || entry.usedAtMs > before) continue
      if (entry.session.isBusy) entry.usedAtMs = this.#nowMs()
      else idle.push(key)
    }
    for (const key of idle) this.#entries.delete(key)
  }

  /** Ends all sessions. */
  async close(): Promise<void> {
    clearInterval(this.#sweep)
    const sessions = [...this.#entries.values()].flatMap(({ session }) => (session ? [session] : []))
    this.#entries.clear()
    await Promise.all(sessions.map((session) => session.end()))
  }

  #makeRoom(owner: string, key: string): void {
    const keys = this.#keysOfOwners.get(owner) ?? new Set()
    const [oldest] = keys
    if (keys.size >= this.#bounds.mostPerOwner && oldest !== undefined) this.#entries.delete(oldest)
    this.#keysOfOwners.set(owner, keys.add(key))
  }

  #remove(key: string, entry: Entry<Session>): void {
    if (this.#entries.peek(key) === entry) this.#entries.delete(key)
  }

  #let({ owner, session }: Entry<Session>, key: string): void {
    const keys = this.#keysOfOwners.get(owner)
    keys?.delete(key)
    if (keys?.size === 0) this.#keysOfOwners.delete(owner)
    session?.retire()
  }
}
