import type { LimitVerdict } from '../contracts/limiter.ts'

/** Parts of a window; a request is forgotten at most one part later than exact counting would. */
const parts = 60
/** A window that ends within a part touches one part more. */
const slots = parts + 1

const allowed: LimitVerdict = { allowed: true, retryAfterSeconds: 0 }

/**
 * Counts the requests of one key. Never are more than `limit` allowed in any `windowMs` milliseconds: a request counts
 * for at least `windowMs` and at most 1/60 longer. Refused requests do not count.
 */
export class SlidingWindow {
  readonly windowMs: number
  readonly #slotMs: number
  readonly #counts = new Uint32Array(slots)
  #total = 0
  #newest = 0

  constructor(windowMs: number) {
    this.windowMs = windowMs
    this.#slotMs = windowMs / parts
  }

  take(limit: number, nowMs: number): LimitVerdict {
    this.#moveTo(Math.floor(nowMs / this.#slotMs))
    if (this.#total >= limit) return { allowed: false, retryAfterSeconds: this.#secondsUntilRoom(limit, nowMs) }
    const slot = this.#newest % slots
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1
    this.#total++
    return this.#total * 2 < limit ? allowed : { allowed: true, retryAfterSeconds: 0, used: this.#total }
  }

  /**
   * Forgets what left the window. A clock that was set back a little counts into the newest part until it has caught up;
   * by more than a window, everything starts anew: nobody may be locked out for longer than a window.
   */
  #moveTo(current: number): void {
    if (current <= this.#newest && current > this.#newest - slots) return
    if (current < this.#newest) this.#newest = current - slots
    const first = Math.max(this.#newest + 1, current - parts)
    for (let index = first; index <= current && this.#total > 0; index++) {
      const slot = index % slots
      this.#total -= this.#counts[slot] ?? 0
      this.#counts[slot] = 0
    }
    this.#newest = current
  }

  #secondsUntilRoom(limit: number, nowMs: number): number {
    let left = this.#total
    for (let index = this.#newest - parts; index <= this.#newest; index++) {
      if (index >= 0) left -= this.#counts[index % slots] ?? 0
      if (left < limit) return Math.max(1, Math.ceil(((index + slots) * this.#slotMs - nowMs) / 1000))
    }
    return Math.max(1, Math.ceil(this.windowMs / 1000))
  }
}
