import type { ApiKeyRecord, ApiKeys, NewApiKey } from '../contracts/storage.ts'
import { sha256 } from '../lib/hash.ts'
import { toIsoTime } from '../lib/iso-time.ts'
import { randomId } from '../lib/random-id.ts'
import { newApiKey } from './api-key.ts'

const consumerName = /^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u

/** What is wrong with the name of a consumer; undefined: nothing. */
export function checkConsumerName(name: string): string | undefined {
  return consumerName.test(name)
    ? undefined
    : 'a consumer needs a name of up to 64 letters, digits, blanks and ._@+-, beginning with a letter or digit.'
}

/** Makes a key and stores its hash. The key itself is known only to the caller, who shows it once. */
export async function issueApiKey(
  keys: ApiKeys,
  owner: Pick<NewApiKey, 'tenant' | 'consumer' | 'metadata' | 'expiresAtMs'>,
): Promise<{ readonly id: string; readonly key: string }> {
  const key = newApiKey()
  const id = `key_${randomId().slice(0, 16)}`
  await keys.create({ id, keyHash: sha256(key), ...owner })
  return { id, key }
}

/** What administration may know of a key. Never the key. */
export function describeApiKey(record: ApiKeyRecord, nowMs: number) {
  const { id, consumer, createdAtMs, expiresAtMs, revokedAtMs, lastUsedAtMs } = record
  return {
    id,
    consumer: consumer.name,
    tenant: consumer.tenant,
    metadata: consumer.metadata,
    state: stateOf(record, nowMs),
    createdAt: toIsoTime(createdAtMs),
    expiresAt: toIsoTime(expiresAtMs),
    revokedAt: toIsoTime(revokedAtMs),
    lastUsedAt: toIsoTime(lastUsedAtMs),
  }
}

function stateOf({ revokedAtMs, expiresAtMs }: ApiKeyRecord, nowMs: number): 'live' | 'expired' | 'revoked' {
  if (revokedAtMs !== undefined) return 'revoked'
  return expiresAtMs !== undefined && expiresAtMs <= nowMs ? 'expired' : 'live'
}
