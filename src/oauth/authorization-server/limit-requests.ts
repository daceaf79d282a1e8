import { LRUCache } from 'lru-cache'
import type { Clock } from '../../contracts/clock.ts'
import { networkOf } from '../../http/client-address.ts'

/** How many requests of one kind are accepted per window. */
export interface RequestLimits {
  /** From one IPv4 address or one IPv6 /64 network. */
  readonly perAddress: number
  readonly total: number
  readonly windowSeconds: number
}

/** Kinds of requests to the authorization server that cost something: a stored record, a signature check, a page. */
export type LimitedKind = 'register' | 'document' | 'authorize' | 'page' | 'token' | 'metadata'

/**
 * Generous: one developer's tools register many times (opencode at every listing), and a hosted connector serves many people from
 * few addresses. They bound what a flood can store (a sign-in that nobody finishes is kept for an hour) and cost.
 */
export const defaultRequestLimits: Readonly<Record<LimitedKind, RequestLimits>> = {
  register: { perAddress: 300, total: 3_000, windowSeconds: 600 },
  document: { perAddress: 300, total: 3_000, windowSeconds: 600 },
  authorize: { perAddress: 1_000, total: 10_000, windowSeconds: 600 },
  page: { perAddress: 3_000, total: 30_000, windowSeconds: 600 },
  token: { perAddress: 10_000, total: 100_000, windowSeconds: 600 },
  metadata: { perAddress: 10_000, total: 100_000, windowSeconds: 600 },
}

/** Counts a request; returns the seconds to wait when it is one too many, else 0. */
export type TakeRequest = (address: string) => number

/** Limits requests in fixed windows, in memory. */
export function limitRequests(limits: RequestLimits, clock: Clock): TakeRequest {
  const counts = new LRUCache<string, number>({ max: 10_000 })
  const windowMs = limits.windowSeconds * 1000
  let windowStart = 0
  let total = 0
  return (address) => {
    const now = clock()
    if (now - windowStart >= windowMs) {
      windowStart = now
      total = 0
      counts.clear()
    }
    const network = networkOf(address)
    const count = counts.get(network) ?? 0
    if (total >= limits.total || count >= limits.perAddress)
      return Math.max(1, Math.ceil((windowStart + windowMs - now) / 1000))
    total++
    counts.set(network, count + 1)
    return 0
  }
}
