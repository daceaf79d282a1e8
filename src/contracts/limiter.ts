import type { MaybePromise } from '../lib/maybe-promise.ts'

/** Verdict of a limiter about one request. */
export interface LimitVerdict {
  readonly allowed: boolean
  /** Whole seconds until a request would be allowed again; 0 when allowed. */
  readonly retryAfterSeconds: number
  /** How much of the limit is used now; present from half of it on. */
  readonly used?: number | undefined
}

/** Counts requests per key. */
export interface RateLimiter {
  /** Counts one request under `key` and says whether it is among the `limit` allowed in any `windowMs` milliseconds. */
  take(key: string, limit: number, windowMs: number): MaybePromise<LimitVerdict>
}
