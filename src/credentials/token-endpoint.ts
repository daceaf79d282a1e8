import type { UpstreamSettings } from '../contracts/upstream.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { OAuthCredential } from './connections.ts'

/** What the token endpoint of an upstream issued, checked: a Bearer token whose lifetime is not over. */
export interface TokenSet {
  readonly accessToken: string
  /** Undefined: none was issued; an earlier one goes on to hold (RFC 6749 §6). */
  readonly refreshToken: string | undefined
  /** Milliseconds since the epoch; undefined: the server did not say. */
  readonly expiresAtMs: number | undefined
  /** As granted; undefined: as asked for (RFC 6749 §5.1). */
  readonly scopes: readonly string[] | undefined
}

/** How long a token request may take, everything included. Milliseconds. */
export const tokenRequestTimeoutMs = 10_000

/**
 * Uses the refresh token of a credential, once, within `tokenRequestTimeoutMs`. Resolves to `connection_reconsent_required` when the server
 * answers `invalid_grant`, and to a `credential_*` reason for everything that may be better later; `Retry-After` is then among the
 * headers of the refusal. Never rejects for what the server does.
 */
export type RefreshTokens = (request: {
  readonly tenant: string
  readonly upstream: UpstreamSettings
  readonly credential: OAuthCredential
}) => Promise<TokenSet | GatewayError>
