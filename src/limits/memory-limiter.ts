import type { Clock } from '../contracts/clock.ts'
import type { LimitVerdict, RateLimiter } from '../contracts/limiter.ts'
import { SlidingWindow } from './sliding-window.ts'

/** Keys that are remembered unless told otherwise. One takes about 400 bytes. */
const defaultMaxKeys = 50_000

/**
 * A rate limiter in the memory of this process; what it counted is lost on restart and not shared between processes.
 * At most `maxKeys` keys are remembered, and surely the latest half of that: a key that was pushed out starts anew.
 */
export function createMemoryLimiter(clock: Clock, maxKeys = defaultMaxKeys): RateLimiter {
  return new MemoryLimiter(clock, maxKeys)
}

/**
 * Two generations instead of a linked list: keys in use move to the recent one; when that is full it becomes the
 * old one, and the old one is forgotten as a whole.
 */
class MemoryLimiter implements RateLimiter {
  readonly #clock: Clock
  readonly #generationSize: number
  #recent = new Map<string, SlidingWindow>()
  #old = new Map<string, SlidingWindow>()

  constructor(clock: Clock, maxKeys: number) {
    this.#clock = clock
    this.#generationSize = Math.max(1, Math.floor(maxKeys / 2))
  }

  take(key: string, limit: number, windowMs: number): LimitVerdict {
    let window = this.#recent.get(key)
    if (window?.windowMs !== windowMs) {
      window = this.#old.get(key)
      if (window?.windowMs !== windowMs) window = new SlidingWindow(windowMs)
      this.#remember(key, window)
    }
    return window.take(limit, this.#clock())
  }

  #remember(key: string, window: SlidingWindow): void {
    this.#old.delete(key)
    this.#recent.set(key, window)
    if (this.#recent.size < this.#generationSize) return
    this.#old = this.#recent
    this.#recent = new Map()
  }
}
