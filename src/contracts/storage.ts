/** One record of the authorization server: a client, code, token, grant, session or interaction. */
export interface OAuthRecord {
  /** Model name of oidc-provider, e.g. `AccessToken`. */
  readonly model: string
  /** SHA-256 of the id (base64url). The id itself, which may be a bearer token, is never stored. */
  readonly idHash: string
  readonly grantId: string | undefined
  /** Session uid, for sessions. */
  readonly uid: string | undefined
  /** JSON. */
  readonly payload: string
  /** Milliseconds since the epoch; undefined: does not expire. */
  readonly expiresAtMs: number | undefined
  readonly consumedAtMs: number | undefined
}

/** Records of the authorization server. Every write is durable when its promise resolves. */
export interface OAuthRecords {
  find(model: string, idHash: string): Promise<OAuthRecord | undefined>
  findByUid(model: string, uid: string): Promise<OAuthRecord | undefined>
  upsert(record: OAuthRecord): Promise<void>
  /** Marks a record consumed. False when it was consumed already or does not exist: exactly one caller ever gets true. */
  consume(model: string, idHash: string, nowMs: number): Promise<boolean>
  destroy(model: string, idHash: string): Promise<void>
  /** Destroys every record of a grant; returns how many. */
  destroyByGrant(grantId: string): Promise<number>
  /** Live (unexpired) records of a model, newest first. */
  list(model: string, limit: number): Promise<readonly OAuthRecord[]>
  count(model: string): Promise<number>
  /** Destroys at most `limit` expired records; returns how many. */
  destroyExpired(nowMs: number, limit: number): Promise<number>
}

/** Sealed values of the gateway itself, by name: signing keys, cookie keys. */
export interface SealedValues {
  get(name: string): Promise<string | undefined>
  /** Stores the value unless the name is taken; returns what is stored afterwards. Safe against two processes starting at once. */
  putIfAbsent(name: string, sealed: string): Promise<string>
}

/** Everything that must survive a restart, except events. */
export interface Storage {
  readonly oauth: OAuthRecords
  readonly sealed: SealedValues
  close(): Promise<void>
}
