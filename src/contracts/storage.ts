/** One record of the authorization server: a client, code, token, grant, session or interaction. */
export interface OAuthRecord {
  /** Model name of oidc-provider, e.g. `AccessToken`. */
  readonly model: string
  /** Whose it is; the default tenant for what belongs to the gateway as a whole: registered clients, browser sessions, sign-ins. */
  readonly tenant: string
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

/**
 * Records of the authorization server. Every write is durable when its promise resolves. A look-up by the hash of a secret finds what
 * its holder owns, in whichever tenant that is: the record says which. What lists or administers takes the tenant; without one it is
 * the gateway as a whole.
 */
export interface OAuthRecords {
  find(model: string, idHash: string): Promise<OAuthRecord | undefined>
  findByUid(model: string, uid: string): Promise<OAuthRecord | undefined>
  /** Rejects when there is such a record of another tenant: a record never changes hands. */
  upsert(record: OAuthRecord): Promise<void>
  /** Marks a record consumed. False when it was consumed already or does not exist: exactly one caller ever gets true. */
  consume(model: string, idHash: string, nowMs: number): Promise<boolean>
  destroy(model: string, idHash: string): Promise<void>
  /** Destroys every record of a grant and adds the revocation for running gateways, in one step; returns how many. */
  destroyByGrant(grantId: string, tenant?: string): Promise<number>
  /** Live (unexpired) records of a model, newest first. */
  list(model: string, limit: number, tenant?: string): Promise<readonly OAuthRecord[]>
  count(model: string, tenant?: string): Promise<number>
  /** Records of a model whose hash is behind `afterIdHash`, by hash, expired ones too: a walk that misses none that stays. */
  page(model: string, afterIdHash: string, limit: number): Promise<readonly OAuthRecord[]>
  /** Replaces the payload, and nothing else, if it is still `expected`; false when it is not. */
  replacePayload(model: string, idHash: string, expected: string, payload: string): Promise<boolean>
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
  /** All of them, by name. There are few. */
  list(): Promise<readonly { readonly name: string; readonly sealed: string }[]>
  /** Removes the value if it is still `expected`; false when it is not. */
  remove(name: string, expected: string): Promise<boolean>
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
  readonly kind: 'grant' | 'client' | 'api-key' | 'connection' | 'signing-keys' | 'vault-keys'
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

/** Whose link to which upstream. */
export interface ConnectionKey {
  readonly tenant: string
  /** Id of the upstream. */
  readonly upstream: string
  /** `subject:<id>`, or `shared` for the one that serves everybody. */
  readonly owner: string
}

/** A link to an upstream. Everything secret is in `sealed`. Times are milliseconds since the epoch. */
export interface ConnectionRecord extends ConnectionKey {
  /** New at every connect: what happened under an earlier connection is not of this one. */
  readonly id: string
  /** Grows by one with every change of `sealed`. */
  readonly generation: number
  readonly kind: 'oauth' | 'api-key'
  readonly state: 'connected' | 'reconsent_required'
  /** Why a connection needs consent again: a reason code. */
  readonly stateReason: string | undefined
  /** Who issued the credential (OAuth), for which resource, to which client. */
  readonly issuer: string | undefined
  readonly resource: string | undefined
  readonly clientId: string | undefined
  readonly scopes: readonly string[]
  /** Who connected it; for shared connections the administrator. */
  readonly connectedBy: string
  /** The credential, sealed by the vault for tenant, kind `connection`, owner and `<upstream>/<id>`. */
  readonly sealed: string
  /** When the access token expires; undefined: unknown, or never. */
  readonly expiresAtMs: number | undefined
  readonly createdAtMs: number
  readonly updatedAtMs: number
  /** Written in batches, so up to a minute old. */
  readonly lastUsedAtMs: number | undefined
}

/** What a change of a connection may replace. */
export type ConnectionChange = Partial<
  Pick<ConnectionRecord, 'state' | 'stateReason' | 'scopes' | 'sealed' | 'expiresAtMs'>
>

/** Links to upstreams. Every write is durable when its promise resolves, and none of them leaves half a connection. */
export interface Connections {
  find(key: ConnectionKey): Promise<ConnectionRecord | undefined>
  /** Newest first. */
  list(filter: {
    readonly tenant?: string | undefined
    readonly owner?: string | undefined
    readonly upstream?: string | undefined
    readonly limit: number
  }): Promise<readonly ConnectionRecord[]>
  /** Stores a new connection in the place of an earlier one, whose revocation is added in the same step. */
  put(record: ConnectionRecord): Promise<void>
  /**
   * Changes a connection if it is still the one with this id and generation, and adds one to the generation; false when it is not. A lease
   * ends with it.
   */
  update(
    key: ConnectionKey,
    expected: { readonly id: string; readonly generation: number },
    change: ConnectionChange,
  ): Promise<boolean>
  /** Removes a connection and adds the revocation, in one step. False when there was none. */
  remove(key: ConnectionKey): Promise<boolean>
  /**
   * Takes the right to refresh this generation until `untilMs`. True for exactly one holder at a time; false when another one has it, or
   * the connection is not of this id and generation any more.
   */
  lease(
    key: ConnectionKey,
    expected: { readonly id: string; readonly generation: number },
    holder: string,
    untilMs: number,
  ): Promise<boolean>
  /** Gives the right back without a change. */
  release(key: ConnectionKey, holder: string): Promise<void>
  /** Keeps the later of the stored time and the given one. */
  markUsed(uses: readonly { readonly id: string; readonly atMs: number }[]): Promise<void>
  /** Connections whose id is behind `afterId`, by id: a walk that misses none that stays. */
  page(afterId: string, limit: number): Promise<readonly ConnectionRecord[]>
  /**
   * Replaces `sealed` by the same credential under another vault key, if it is still `expected`; false when it is not. Neither the
   * generation nor a lease changes: the credential is the same.
   */
  replaceSealed(id: string, expected: string, sealed: string): Promise<boolean>
}

/** The gateway's own registration at an authorization server of an upstream (RFC 7591). */
export interface UpstreamClientRecord {
  readonly tenant: string
  readonly issuer: string
  /**
   * What it was registered with: another callback URL needs another registration. `manual:<upstream>`: a client of the operator, which
   * belongs to this issuer.
   */
  readonly redirectUri: string
  readonly clientId: string
  /** The whole registration as received, sealed for tenant, kind `upstream-client`, owner issuer and the redirect URI. */
  readonly sealed: string
  /** When the client secret expires; undefined: never. */
  readonly expiresAtMs: number | undefined
  readonly createdAtMs: number
}

/** Registrations at authorization servers of upstreams, one per tenant, issuer and callback URL. */
export interface UpstreamClients {
  find(tenant: string, issuer: string, redirectUri: string): Promise<UpstreamClientRecord | undefined>
  list(filter: {
    readonly tenant?: string | undefined
    readonly limit: number
  }): Promise<readonly UpstreamClientRecord[]>
  /** Stores a registration unless there is one already; returns what is stored afterwards. Safe against two processes at once. */
  putIfAbsent(record: UpstreamClientRecord): Promise<UpstreamClientRecord>
  /** Replaces `sealed` by the same registration under another vault key, if it is still that of `record`; false when it is not. */
  replaceSealed(record: UpstreamClientRecord, sealed: string): Promise<boolean>
  /** Replaces one that does not hold any more, if it is still that one; returns what is stored afterwards. */
  replace(expectedClientId: string, record: UpstreamClientRecord): Promise<UpstreamClientRecord>
}

/** What an upstream listed last, so that a catalogue does not vanish while somebody is not connected. */
export interface KnownCatalogRecord {
  readonly tenant: string
  readonly virtualServer: string
  /** `subject:<id>`, or `shared`. */
  readonly owner: string
  /** e.g. `tools/list`. */
  readonly method: string
  /** The `result` as the upstream gave it, complete, as JSON. */
  readonly result: string
  readonly updatedAtMs: number
}

/** Last known catalogues. */
export interface KnownCatalogs {
  find(
    key: Pick<KnownCatalogRecord, 'tenant' | 'virtualServer' | 'owner' | 'method'>,
  ): Promise<KnownCatalogRecord | undefined>
  put(record: KnownCatalogRecord): Promise<void>
  /** Removes all that an owner saw of a virtual server. */
  remove(tenant: string, virtualServer: string, owner: string): Promise<void>
}

/** The files of the project as they were at one time, and who changed them. */
export interface ConfigVersionRecord {
  /** Grows with every version. */
  readonly id: number
  readonly atMs: number
  /** Who changed them; undefined: nobody knows. */
  readonly actor: string | undefined
  /** `first`: the gateway saw them for the first time. `outside`: somebody changed the files themselves. */
  readonly origin: 'first' | 'console' | 'rollback' | 'outside'
  readonly note: string | undefined
  /** Hash of all the files. */
  readonly version: string
  /** Names of the files that differ from the version before, with what happened to each. */
  readonly changes: readonly { readonly file: string; readonly change: 'added' | 'changed' | 'removed' }[]
  /** All the files, sealed for the default tenant, kind `config-version`, owner `gateway` and the version. */
  readonly sealed: string
}

/** Versions of the files of the project. */
export interface ConfigVersions {
  latest(): Promise<ConfigVersionRecord | undefined>
  find(id: number): Promise<ConfigVersionRecord | undefined>
  /** Newest first, those before `beforeId` where it is given. */
  list(filter: {
    readonly beforeId?: number | undefined
    readonly limit: number
  }): Promise<readonly ConfigVersionRecord[]>
  /**
   * Adds a version and removes all but the newest `keep`. Returns its id; undefined when the newest one is not `expected` (undefined: there
   * is none), so two processes that see the same change add it once.
   */
  append(
    record: Omit<ConfigVersionRecord, 'id'>,
    expected: number | undefined,
    keep: number,
  ): Promise<number | undefined>
  /** Versions with an id behind `afterId`, by id: a walk that misses none that stays. */
  page(afterId: number, limit: number): Promise<readonly ConfigVersionRecord[]>
  /** Replaces `sealed` by the same files under another vault key, if it is still `expected`; false when it is not. */
  replaceSealed(id: number, expected: string, sealed: string): Promise<boolean>
}

/** Everything that must survive a restart, except events. */
export interface Storage {
  readonly oauth: OAuthRecords
  readonly sealed: SealedValues
  readonly apiKeys: ApiKeys
  readonly revocations: Revocations
  readonly connections: Connections
  readonly upstreamClients: UpstreamClients
  readonly knownCatalogs: KnownCatalogs
  readonly configVersions: ConfigVersions
  close(): Promise<void>
}
