import type { Clock } from '../contracts/clock.ts'
import { Lru } from '../lib/lru.ts'
import { networkOf } from './client-address.ts'

/** How many requests of one kind are accepted per window. */
export interface RequestLimits {
  /** From one IPv4 address or one IPv6 /64 network. */
  readonly perAddress: number
  readonly total: number
  readonly windowSeconds: number
}

/** Counts a request; returns the seconds to wait when it is one too many, else 0. */
export type TakeRequest = (address: string) => number

/** Limits requests in fixed windows, in memory. What is no address counts as itself. */
export function limitRequests(limits: RequestLimits, clock: Clock): TakeRequest {
  const counts = new Lru<string, number>(10_000)
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
