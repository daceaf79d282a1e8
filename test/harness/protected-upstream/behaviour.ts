/** The authorization servers of a protected upstream. `origin` is at the origin of the MCP endpoint, as in 2025-03-26. */
export const serverNames = ['primary', 'secondary', 'origin'] as const

export type ServerName = (typeof serverNames)[number]

/** How an authorization server departs from a good one. */
export interface ServerBehaviour {
  /** How unknown clients become known; `manual`: not at all. */
  readonly registration: 'dcr' | 'cimd' | 'both' | 'manual'
  /** Fetches the client document and believes it, or takes every URL for a client. */
  readonly fetchClientDocuments: boolean
  readonly manualClients: readonly TestClient[]
  /** Undefined: not in the metadata. */
  readonly tokenEndpointAuthMethods: readonly string[] | undefined
  /** `issuer` of the metadata instead of the true one. */
  readonly metadataIssuer: string | undefined
  /** Where the metadata is: RFC 8414, or OpenID Connect Discovery with the well-known part before or after the path. */
  readonly metadataPlace: 'oauth' | 'openid' | 'openid-appended' | 'absent'
  readonly pkceMethods: readonly string[] | undefined
  readonly scopesSupported: readonly string[] | undefined
  readonly iss: 'present' | 'absent' | 'wrong'
  readonly advertiseIss: boolean
  /** `rotate`: every refresh token works once. `keep`: it stays, and the answer has none. `none`: never issued. */
  readonly refreshTokens: 'rotate' | 'keep' | 'none'
  /** A used refresh token presented again ends all tokens of its grant, is only refused, or works once more (a grace period). */
  readonly onReuse: 'kill' | 'refuse' | 'forgive'
  /** Real lifetime of access tokens. */
  readonly accessTokenSeconds: number
  /** `expires_in` of token responses; `true`: the real lifetime; `false`: absent. */
  readonly expiresIn: boolean | number
  /** Asks who signs in, else everybody is approved at once with an account of their own. */
  readonly login: 'auto' | 'page'
  /** The person says no. */
  readonly refuse: boolean
  /** Grants fewer scopes than asked for. */
  readonly grantedScopes: readonly string[] | undefined
  readonly requireResource: boolean
  /** Errors of the token endpoint repeat the whole request, secrets and all. */
  readonly echoRequests: boolean
  readonly offerRevocation: boolean
  /** Issuer of subject tokens and identity assertions that are accepted; its keys are fetched by its metadata. */
  readonly trustedIssuer: string | undefined
  /** `aud` that a subject token must have. */
  readonly subjectTokenAudience: string | undefined
}

/** A client that was registered by hand. Without secret and key it is public. */
export interface TestClient {
  readonly clientId: string
  readonly clientSecret?: string
  /** For `private_key_jwt`. PEM. */
  readonly publicKey?: string
  /** Undefined: any. */
  readonly redirectUris?: readonly string[]
}

/** How the MCP endpoint behaves. */
export interface ResourceBehaviour {
  /** How callers are known. */
  readonly protection: 'oauth' | 'api-key' | 'none'
  /** Accepted keys with their owners, in `header` after `scheme`. */
  readonly apiKeys: {
    readonly header: string
    readonly scheme: string
    readonly owners: Readonly<Record<string, string>>
  }
  /** Where the metadata of the resource is; `elsewhere`: only the challenge says. */
  readonly metadataPlace: 'path' | 'root' | 'elsewhere' | 'absent'
  readonly metadataInChallenge: boolean
  readonly challengeScope: string | undefined
  /** `resource` of the metadata instead of the true one. */
  readonly metadataResource: string | undefined
  readonly authorizationServers: readonly (ServerName | `${'http' | 'https'}:${string}`)[]
  readonly scopesSupported: readonly string[] | undefined
}

/** Requests that faults apply to. */
export type Endpoint = 'resource-metadata' | 'server-metadata' | 'register' | 'authorize' | 'token' | 'revoke' | 'mcp'

/** What goes wrong, and when: `after` means that everything is done and only the answer suffers. */
export interface Fault {
  readonly at: Endpoint
  readonly server?: ServerName
  /** Only token requests of this grant type. */
  readonly grant?: string
  readonly when?: 'before' | 'after'
  /** `hold`: until the test releases it. `hang-up`: the connection ends without an answer. */
  readonly do: 'hold' | 'hang-up' | FaultAnswer
  /** Stops after so many requests. */
  readonly times?: number
}

export interface FaultAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** A text as it is, anything else as JSON. */
  readonly body?: unknown
}

/** A change of behaviour; `faults` replaces all of them. */
export type BehaviourChange = { readonly [Name in ServerName]?: Partial<ServerBehaviour> } & {
  readonly resource?: Partial<ResourceBehaviour>
  readonly faults?: readonly Fault[]
}

/** What an authorization server has seen. */
export interface ServerCounts {
  metadata: number
  registrations: number
  authorizations: number
  /** Client documents fetched. */
  clientDocuments: number
  /** By grant type: received, and answered with a token. */
  readonly tokenRequests: Record<string, number>
  readonly tokensIssued: Record<string, number>
  refreshTokensIssued: number
  refreshTokensPresented: number
  /** Refresh tokens that were presented after they had been used. */
  refreshTokensReused: number
  grantsKilled: number
  revocations: number
}

export interface ResourceCounts {
  metadata: number
  unauthorized: number
  forbidden: number
  /** By JSON-RPC method. */
  readonly messages: Record<string, number>
}

/** Everything that was counted since the start, and how many requests wait for `release`. */
export interface Counts extends Readonly<Record<ServerName, ServerCounts>> {
  readonly resource: ResourceCounts
  readonly held: number
}

/** One request as it arrived, for tests that look for secrets and for headers. */
export interface SeenRequest {
  readonly server: ServerName | 'resource'
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

export const goodServer: ServerBehaviour = {
  registration: 'dcr',
  fetchClientDocuments: false,
  manualClients: [],
  tokenEndpointAuthMethods: ['client_secret_basic', 'client_secret_post', 'none', 'private_key_jwt'],
  metadataIssuer: undefined,
  metadataPlace: 'oauth',
  pkceMethods: ['S256'],
  scopesSupported: ['read', 'write', 'offline_access'],
  iss: 'present',
  advertiseIss: true,
  refreshTokens: 'rotate',
  onReuse: 'kill',
  accessTokenSeconds: 3600,
  expiresIn: true,
  login: 'auto',
  refuse: false,
  grantedScopes: undefined,
  requireResource: true,
  echoRequests: false,
  offerRevocation: true,
  trustedIssuer: undefined,
  subjectTokenAudience: undefined,
}

export const goodResource: ResourceBehaviour = {
  protection: 'oauth',
  apiKeys: { header: 'authorization', scheme: 'Bearer', owners: {} },
  metadataPlace: 'path',
  metadataInChallenge: true,
  challengeScope: 'read',
  metadataResource: undefined,
  authorizationServers: ['primary'],
  scopesSupported: ['read', 'write'],
}
