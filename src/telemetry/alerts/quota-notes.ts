import type { LimitVerdict, RateLimiter } from '../../contracts/limiter.ts'

/** How much of a limit was used, when it was last looked at. */
export interface QuotaNote {
  readonly key: string
  readonly used: number
  readonly limit: number
  readonly atMs: number
}

const mostNotes = 1000

/** Who came near a limit lately. */
export class QuotaNotes {
  readonly #notes = new Map<string, QuotaNote>()
  #changed = new Map<string, QuotaNote>()

  note(note: QuotaNote): void {
    this.hear(note)
    this.#changed.set(note.key, note)
  }

  /** What another process noted. */
  hear(note: QuotaNote): void {
    // The one that was noted last is the last: what is pushed out is what nobody asked for longest.
    this.#notes.delete(note.key)
    this.#notes.set(note.key, note)
    const oldest = this.#notes.size > mostNotes ? this.#notes.keys().next().value : undefined
    if (oldest !== undefined) {
      this.#notes.delete(oldest)
      this.#changed.delete(oldest)
    }
  }

  since(sinceMs: number): readonly QuotaNote[] {
    return [...this.#notes.values()].filter(({ atMs }) => atMs >= sinceMs)
  }

  /** What was noted since it was taken last, for another process. */
  takeChanges(): readonly QuotaNote[] {
    const changes = [...this.#changed.values()]
    this.#changed = new Map()
    return changes
  }
}

/** The same limiter; whoever has used at least half of a limit is noted. */
export function watchLimiter(limiter: RateLimiter, notes: QuotaNotes, clock: () => number): RateLimiter {
  const look = (verdict: LimitVerdict, key: string, limit: number) => {
    const used = verdict.allowed ? verdict.used : limit
    if (used !== undefined) notes.note({ key, used, limit, atMs: clock() })
    return verdict
  }
  return {
    take(key, limit, windowMs) {
      const verdict = limiter.take(key, limit, windowMs)
      return verdict instanceof Promise
        ? verdict.then((settled) => look(settled, key, limit))
        : look(verdict, key, limit)
    },
  }
}
