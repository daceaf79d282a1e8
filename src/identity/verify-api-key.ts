import type { ApiKeyRefusal, ApiKeyVerifier, VerifiedApiKey } from '../contracts/api-key.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { ApiKeyRecord, ApiKeys } from '../contracts/storage.ts'
import { sha256 } from '../lib/hash.ts'
import { Lru } from '../lib/lru.ts'
import { createUseLog } from '../storage/use-log.ts'
import { isIntactApiKey } from './api-key.ts'

/** Looks up API keys, remembers those that are valid, and notes when they were used. */
export interface CachingApiKeyVerifier extends ApiKeyVerifier {
  /** The key with this id was revoked; without an id, any may have been. */
  forget(id?: string): void
  /** Writes the times of use that are still waiting. */
  close(): Promise<void>
}

/** What verification needs. */
export interface ApiKeyVerifierOptions {
  readonly apiKeys: ApiKeys
  readonly clock: Clock
  readonly log: Logger
  /** How often times of use are written. Default 60,000. Milliseconds. */
  readonly writeUsesMs?: number | undefined
}

interface Remembered {
  readonly verified: VerifiedApiKey
  readonly expiresAtMs: number
  readonly loadedAtMs: number
}

const mostRemembered = 50_000

/**
 * Verifies API keys: one hash and one look-up in memory for a key seen before, the store otherwise. Refusals are not remembered,
 * so that guesses cannot push out real keys.
 */
export function createApiKeyVerifier(options: ApiKeyVerifierOptions): CachingApiKeyVerifier {
  const { apiKeys, clock } = options
  const remembered = new Lru<string, Remembered>(mostRemembered)
  const { log, writeUsesMs: intervalMs } = options
  const uses = createUseLog({ write: (list) => apiKeys.markUsed(list), what: 'API keys', log, intervalMs })
  let revocations = 0

  async function load(keyHash: string): Promise<VerifiedApiKey | ApiKeyRefusal> {
    const before = revocations
    const record = await apiKeys.findByHash(keyHash)
    if (record === undefined) return 'key_invalid'
    const refusal = findRefusal(record, clock())
    if (refusal !== undefined) {
      remembered.delete(keyHash)
      return refusal
    }
    // Something was revoked meanwhile, perhaps this: look again.
    if (before !== revocations) return load(keyHash)
    const { id, consumer, expiresAtMs = Number.POSITIVE_INFINITY } = record
    const verified = { id, consumer }
    remembered.set(keyHash, { verified, expiresAtMs, loadedAtMs: clock() })
    uses.note(id, clock())
    return verified
  }

  return {
    verify(key, maxAgeMs) {
      const keyHash = sha256(key)
      const known = remembered.get(keyHash)
      const now = clock()
      if (known !== undefined && now < known.expiresAtMs && now - known.loadedAtMs < maxAgeMs) {
        uses.note(known.verified.id, now)
        return known.verified
      }
      // A mistyped key need not reach the store.
      return isIntactApiKey(key) ? load(keyHash) : 'key_invalid'
    },
    forget(id) {
      revocations++
      for (const [keyHash, { verified }] of remembered.entries()) {
        if (id === undefined || verified.id === id) remembered.delete(keyHash)
      }
    },
    close: () => uses.close(),
  }
}

function findRefusal(record: ApiKeyRecord, now: number): ApiKeyRefusal | undefined {
  if (record.revokedAtMs !== undefined) return 'key_revoked'
  return record.expiresAtMs !== undefined && record.expiresAtMs <= now ? 'key_expired' : undefined
}
