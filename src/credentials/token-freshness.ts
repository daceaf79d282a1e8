import type { OAuthCredential } from './connections.ts'

const earlyMs = 60_000

/**
 * Whether an access token can be used. `expiring`: it still can, but is better refreshed now: less than a minute is left, or less than a fifth
 * of its lifetime where that is shorter. One whose lifetime the server did not tell is `fresh` until the upstream refuses it.
 */
export function readFreshness({ expiresAtMs, obtainedAtMs }: OAuthCredential, nowMs: number) {
  if (expiresAtMs === undefined) return 'fresh'
  const leftMs = expiresAtMs - nowMs
  if (leftMs <= 0) return 'expired'
  return leftMs < Math.min(earlyMs, (expiresAtMs - obtainedAtMs) / 5) ? 'expiring' : 'fresh'
}
