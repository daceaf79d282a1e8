import { Lru } from '../../lib/lru.ts'

interface Failures {
  readonly count: number
  readonly untilMs: number
}

const firstDelayMs = 1_000
const longestDelayMs = 60_000
const mostKeys = 10_000

/**
 * When a process that ended by itself may be started again. The first time at once, then after 1, 2, 4 … 60 seconds. Each key has its own:
 * whoever makes their process crash does not keep others from theirs.
 */
export class RestartDelays {
  readonly #failures = new Lru<string, Failures>(mostKeys)
  readonly #nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** Milliseconds until it may be started; 0: now. */
  remainingMs(key: string): number {
    return Math.max(0, (this.#failures.get(key)?.untilMs ?? 0) - this.#nowMs())
  }

  /** It ended by itself after `livedMs`. One that ran for long begins anew. */
  noteFailure(key: string, livedMs: number): void {
    const before = livedMs >= longestDelayMs ? 0 : (this.#failures.get(key)?.count ?? 0)
    const delayMs = before === 0 ? 0 : Math.min(firstDelayMs * 2 ** (before - 1), longestDelayMs)
    this.#failures.set(key, { count: before + 1, untilMs: this.#nowMs() + delayMs })
  }
}
