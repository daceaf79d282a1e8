import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { Consumer } from './storage.ts'

/** What verification of an API key yields. */
export interface VerifiedApiKey {
  /** Id of the key, which is no secret. */
  readonly id: string
  readonly consumer: Consumer
}

/** Why an API key is not valid. */
export type ApiKeyRefusal = 'key_invalid' | 'key_expired' | 'key_revoked'

/** Looks up API keys and notes their use. */
export interface ApiKeyVerifier {
  /**
   * The key with its consumer, or why it is not valid. A remembered key is read again when it is older than `maxAgeMs`.
   * Expiry is checked at every call.
   */
  verify(key: string, maxAgeMs: number): MaybePromise<VerifiedApiKey | ApiKeyRefusal>
}
