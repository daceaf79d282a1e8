/** On whose behalf a request is made, as established by an authentication policy. */
export interface Subject {
  /**
   * Stable identifier: `<issuer>|<sub>` of a person, the typed name at dev login, `consumer:<name>` of an API key, `client:<id>` of a
   * client on its own behalf. The kinds cannot be mistaken for each other: limits, events and connections hang on it.
   */
  readonly id: string
  readonly tenant: string
  /** Team that calls are attributed to, by a claim. */
  readonly team?: string | undefined
  /** The OAuth client that holds the token, or the id of the API key. */
  readonly clientId: string
  readonly scopes: readonly string[]
  /** What a revocation names: the grant of the token, or the API key. Requests that run under it end with it. */
  readonly revocableId?: string | undefined
  /** Claims and metadata that policies may look at, e.g. `roles`. */
  readonly data: { readonly [claim: string]: unknown }
}

/** What verification of an access token yields. */
export interface VerifiedAccessToken {
  readonly subject: Subject
  /** Canonical resource identifiers the token is bound to. */
  readonly audience: readonly string[]
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number
  readonly grantId: string
}

/** Looks up opaque access tokens. */
export interface AccessTokenVerifier {
  /**
   * The token's record, or why it is not valid. Neither audience nor scope is checked here: the caller knows its resource.
   * Expiry is checked at every call, also for cached tokens.
   */
  verify(
    token: string,
  ):
    | VerifiedAccessToken
    | 'token_invalid'
    | 'token_expired'
    | 'token_revoked'
    | Promise<VerifiedAccessToken | 'token_invalid' | 'token_expired' | 'token_revoked'>
}
