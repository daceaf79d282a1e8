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
  /** Destroys every record of a grant and adds the revocation for running gateways, in one step; returns how many. */
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
  /** Replaces the value if it is still `expected`; false when another process was faster. */
  replace(name: string, expected: string, sealed: string): Promise<boolean>
}

/** Somebody, or something, that calls with API keys. Known by name within a tenant. */
export interface Consumer {
  readonly tenant: string
  readonly name: string
  /** What policies may look at, e.g. a plan. */
  readonly metadata: { readonly [key: string]: unknown }
}

/** One API key with its consumer. The key itself is never stored. Times are milliseconds since the epoch. */
export interface ApiKeyRecord {
  readonly id: string
  /** SHA-256 of the key (base64url). */
  readonly keyHash: string
  readonly consumer: Consumer
  readonly createdAtMs: number
  readonly expiresAtMs: number | undefined
  readonly revokedAtMs: number | undefined
  /** Written in batches, so up to a minute old. */
  readonly lastUsedAtMs: number | undefined
}

/** A key that is about to be stored. Without `metadata` that of the consumer stays as it is. */
export interface NewApiKey extends Pick<ApiKeyRecord, 'id' | 'keyHash' | 'expiresAtMs'> {
  readonly tenant: string
  readonly consumer: string
  readonly metadata: Consumer['metadata'] | undefined
}

/** When a key was used. */
export interface ApiKeyUse {
  readonly id: string
  readonly atMs: number
}

/** API keys and the consumers they belong to. */
export interface ApiKeys {
  /** Adds a key, and its consumer where it is new. */
  create(key: NewApiKey): Promise<void>
  findByHash(keyHash: string): Promise<ApiKeyRecord | undefined>
  /** By id within a tenant. */
  find(tenant: string, id: string): Promise<ApiKeyRecord | undefined>
  /** Keys of one tenant, or of all, newest first; revoked and expired ones too. */
  list(filter: { readonly tenant?: string | undefined; readonly limit: number }): Promise<readonly ApiKeyRecord[]>
  /** Revokes a key and adds the revocation for running gateways, in one step. False when there is no such live key. */
  revoke(tenant: string, id: string): Promise<boolean>
  /** Keeps the later of the stored time and the given one. */
  markUsed(uses: readonly ApiKeyUse[]): Promise<void>
}

/** What a running gateway must forget because another process revoked it. */
export interface Revocation {
  readonly kind: 'grant' | 'client' | 'api-key'
  readonly id: string
}

/** What was revoked lately, in order, for gateways that remember credentials in memory. */
export interface Revocations {
  add(revocations: readonly Revocation[]): Promise<void>
  /** A number that changes when another process wrote to the store. Takes microseconds. */
  version(): number
  /** Cursor behind the newest entry. */
  latest(): Promise<number>
  /** Entries behind a cursor. `complete` is false when some of them were removed already: then everything must be forgotten. */
  readAfter(cursor: number): Promise<{ cursor: number; complete: boolean; revocations: readonly Revocation[] }>
}

/** Everything that must survive a restart, except events. */
export interface Storage {
  readonly oauth: OAuthRecords
  readonly sealed: SealedValues
  readonly apiKeys: ApiKeys
  readonly revocations: Revocations
  close(): Promise<void>
}
