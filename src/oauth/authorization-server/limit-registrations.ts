import { LRUCache } from 'lru-cache'
import type { Clock } from '../../contracts/clock.ts'

/** How many registrations are accepted per window. */
export interface RegistrationLimits {
  readonly perAddress: number
  readonly total: number
  readonly windowSeconds: number
}

/** One developer's tools register many times (opencode at every listing), so the limit per address is generous. */
export const defaultRegistrationLimits: RegistrationLimits = { perAddress: 300, total: 3000, windowSeconds: 600 }

/** Counts a registration; returns the seconds to wait when it is one too many, else 0. */
export type TakeRegistration = (address: string) => number

/** Limits dynamic registration in fixed windows, in memory: the table of clients must not grow without bound. */
export function limitRegistrations(limits: RegistrationLimits, clock: Clock): TakeRegistration {
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
    const count = counts.get(address) ?? 0
    if (total >= limits.total || count >= limits.perAddress)
      return Math.max(1, Math.ceil((windowStart + windowMs - now) / 1000))
    total++
    counts.set(address, count + 1)
    return 0
  }
}
