import type { LimitVerdict, RateLimiter } from '../contracts/limiter.ts'
import type { Logger } from '../contracts/logger.ts'
import type { FromWorker } from './messages.ts'

/** How long a request waits for the count of all workers. Usual is less than a millisecond; a machine that is busy starting workers takes longer. */
const answerMs = 1_000
const logEveryMs = 10_000

/**
 * Counts for all workers: it asks the process that started them. Where there is no answer in time, this process counts for itself, and says so:
 * then each worker allows as much as all of them should together.
 */
export class AskedLimiter implements RateLimiter {
  readonly #send: (message: FromWorker) => void
  readonly #own: RateLimiter
  readonly #log: Logger
  readonly #waiting = new Map<number, (verdict: LimitVerdict) => void>()
  #lastId = 0
  #loggedAtMs = Number.NEGATIVE_INFINITY

  constructor(send: (message: FromWorker) => void, own: RateLimiter, log: Logger) {
    this.#send = send
    this.#own = own
    this.#log = log
  }

  take(key: string, limit: number, windowMs: number): Promise<LimitVerdict> {
    const id = ++this.#lastId
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.#waiting.delete(id)
        this.#logLate()
        resolve(this.#own.take(key, limit, windowMs))
      }, answerMs)
      this.#waiting.set(id, (verdict) => {
        clearTimeout(late)
        resolve(verdict)
      })
      this.#send({ kind: 'take', id, key, limit, windowMs })
    })
  }

  /** The answer to a question. */
  settle(id: number, verdict: LimitVerdict): void {
    this.#waiting.get(id)?.(verdict)
    this.#waiting.delete(id)
  }

  #logLate(): void {
    const now = performance.now()
    if (now - this.#loggedAtMs < logEveryMs) return
    this.#loggedAtMs = now
    this.#log.warn({ answerMs }, 'nobody counts for all workers: this one counts for itself until somebody does')
  }
}
