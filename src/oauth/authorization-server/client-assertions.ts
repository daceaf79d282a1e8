import type { Provider } from 'oidc-provider'
import type { Clock } from '../../contracts/clock.ts'
import type { OAuthRecords } from '../../contracts/storage.ts'
import type { OidcProviderModule } from './load-oidc-provider.ts'
import { useOnce } from './use-once.ts'

/**
 * Assertions with which clients authenticate (private_key_jwt, RFC 7523) count once, in whatever process. The provider itself looks and
 * writes in two steps, between which a second request with the same assertion, in another process, finds nothing.
 */
export function useAssertionsOnce(provider: Provider, records: OAuthRecords, clock: Clock): void {
  provider.ReplayDetection.unique = (issuer, id, exp) =>
    useOnce({ model: 'ReplayDetection', issuer, id, expiresAtMs: exp * 1000 }, records, clock())
}

/** What is used up is remembered for as long as it holds: anybody may publish keys, and would decide how long that is. */
const longestSeconds = 3600

/** Refuses an assertion that holds for longer than clients need. */
export function checkAssertionLifetime(exp: unknown, { errors }: OidcProviderModule): void {
  if (typeof exp === 'number' && exp - Date.now() / 1000 <= longestSeconds) return
  throw new errors.InvalidClientAuth('client_assertion must expire within an hour')
}
