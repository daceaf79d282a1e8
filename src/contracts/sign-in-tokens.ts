/** What an identity provider issued when a person signed in: what modes that exchange it start from. */
export interface SignInTokens {
  readonly idToken: string
  readonly accessToken: string
  /** Only when the scope of the sign-in policy asks for it (`offline_access`). */
  readonly refreshToken: string | undefined
  /** `exp` of the ID token, in milliseconds since the epoch. */
  readonly idTokenExpiresAtMs: number
  /** Undefined when the provider did not say. */
  readonly accessTokenExpiresAtMs: number | undefined
}

/** The tokens of people's last sign-in. They are kept only while some route exchanges them. */
export interface SignInTokenStore {
  /** `claimedTenant` is that which the claims of this sign-in name. */
  put(subject: string, claimedTenant: string | undefined, tokens: SignInTokens): Promise<void>
  /**
   * A token with some time left, renewed at the provider where it can be; undefined when the person has to sign in again, also because
   * they signed in to another tenant last.
   */
  find(subject: string, tenant: string, kind: 'id_token' | 'access_token'): Promise<string | undefined>
}
