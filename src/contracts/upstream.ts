import type { Secret } from '../lib/secret.ts'

/** Whose credential an upstream sees, and how it is obtained. */
export const credentialModes = [
  'user-oauth',
  'shared-oauth',
  'user-api-key',
  'shared-api-key',
  'client-credentials',
  'token-exchange',
  'id-jag',
  'mtls',
] as const

export type CredentialMode = (typeof credentialModes)[number]

/** How the gateway authenticates at a token endpoint of somebody else (RFC 6749 §2.3, RFC 7523). */
export type ClientAuthentication =
  | { readonly method: 'none'; readonly clientId: string }
  | {
      readonly method: 'client_secret_basic' | 'client_secret_post'
      readonly clientId: string
      readonly clientSecret: Secret
    }
  | {
      readonly method: 'private_key_jwt'
      readonly clientId: string
      /** PKCS #8. */
      readonly privateKeyPem: Secret
      readonly algorithm: 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384' | 'ES512'
      readonly keyId?: string | undefined
      /** `aud` of the assertion; absent: the issuer, where it was discovered, else the token endpoint. */
      readonly audience?: string | undefined
      readonly expiresInSeconds: number
    }

/** The client that the operator registered at the upstream's authorization server. */
export interface ManualClient {
  readonly clientId: string
  /** Absent: a public client. */
  readonly clientSecret?: Secret | undefined
  /** Absent: what the server's metadata offers. */
  readonly tokenEndpointAuthMethod?: 'client_secret_basic' | 'client_secret_post' | 'none' | undefined
}

/** Where an upstream departs from the specification and the operator accepts it. Nothing of it is on by default. */
export interface UpstreamOverrides {
  /** The metadata of the authorization server may name another issuer than the one it was fetched for (RFC 8414 §3.3). */
  readonly allowIssuerMismatch: boolean
  /** The authorization server need not advertise PKCE with S256; it is used all the same. */
  readonly assumePkce: boolean
  /** `resource` (RFC 8707): `send` what the upstream's metadata says, `omit` it, or send this value. */
  readonly resource: 'send' | 'omit' | { readonly value: string }
}

/** OAuth towards an upstream, where a person or an administrator signs in. */
export interface UpstreamOAuth {
  /** Absent: as the challenge of the upstream says, else the well-known places (RFC 9728 §3). */
  readonly protectedResourceMetadataUrl: string | undefined
  /** Which authorization server to use when the upstream names several, or none (a 2025-03-26 upstream); absent: the first. */
  readonly authorizationServer: string | undefined
  /** Asked for instead of what the upstream suggests; empty: what it suggests. */
  readonly scopes: readonly string[]
  readonly scopeDelimiter: string
  /** `false`: never sent. Absent: `consent` when offline_access is asked for. */
  readonly prompt: 'none' | 'login' | 'consent' | 'select_account' | false | undefined
  /** Absent: CIMD where it is supported, else dynamic registration. */
  readonly client: ManualClient | undefined
  /** The server could not fetch a document of this gateway: dynamic registration although it supports CIMD. */
  readonly registersAlways?: boolean | undefined
  readonly overrides: UpstreamOverrides
}

/** Where a key goes in the request to the upstream. */
export interface UpstreamApiKey {
  readonly header: string
  /** Before the key, with a blank; empty: the bare key. */
  readonly scheme: string
  /** Shared mode only: the key itself. Absent: the one in the vault. */
  readonly value?: Secret | undefined
  /** Where people get a key; shown to them. */
  readonly helpUrl?: string | undefined
}

/** A grant that needs nobody's browser: client credentials (RFC 6749 §4.4). */
export interface UpstreamClientCredentials {
  /** Absent: what the upstream's authorization server says. */
  readonly tokenUrl?: string | undefined
  readonly clientAuth: ClientAuthentication
  readonly scopes: readonly string[]
  readonly audience?: string | undefined
  readonly resource?: string | undefined
}

/** Exchange of what the person presented when they signed in for a token of the upstream (RFC 8693). */
export interface UpstreamTokenExchange {
  readonly tokenUrl: string
  readonly clientAuth: ClientAuthentication
  /** Which token of the sign-in is exchanged. */
  readonly subjectToken: 'id_token' | 'access_token'
  readonly audience?: string | undefined
  readonly resource?: string | undefined
  readonly scopes: readonly string[]
  readonly requestedTokenType?: string | undefined
}

/** Enterprise-managed authorization: an identity assertion of the provider, redeemed at the upstream's authorization server. */
export interface UpstreamIdJag {
  readonly idp: { readonly tokenUrl: string; readonly clientAuth: ClientAuthentication }
  readonly resourceAs: {
    readonly tokenUrl: string
    readonly audience: string
    readonly resource?: string | undefined
    readonly clientAuth: ClientAuthentication
  }
  readonly scopes: readonly string[]
  readonly scopeDelimiter: string
}

/** The certificate that the gateway presents when it connects (mTLS). PEM. */
export interface ClientCertificate {
  readonly certificate: string
  readonly privateKey: Secret
  readonly passphrase?: Secret | undefined
  /** Trusted instead of the built-in authorities. */
  readonly certificateAuthority?: string | undefined
}

/** How one upstream is reached and with whose credential: the options of a token-exchange policy, bound to a route. */
export interface UpstreamSettings {
  /** Namespace of connections, part of URLs: lower-case letters, digits, `-`. Unique in the project. */
  readonly id: string
  readonly displayName: string
  readonly summary: string | undefined
  readonly mode: CredentialMode
  /** URL of the MCP endpoint, without query: what the credential is for. */
  readonly url: string
  /** Present in the modes of their name, see `mode`. */
  readonly oauth: UpstreamOAuth | undefined
  readonly apiKey: UpstreamApiKey | undefined
  readonly clientCredentials: UpstreamClientCredentials | undefined
  readonly tokenExchange: UpstreamTokenExchange | undefined
  readonly idJag: UpstreamIdJag | undefined
  readonly clientCertificate: ClientCertificate | undefined
  /** Hosts besides those of the options that may be in a private network, e.g. of an internal authorization server. */
  readonly trustedHosts: readonly string[]
  /** People without a connection see the catalogue that somebody else's connection showed last. */
  readonly shareCatalog: boolean
}

/** The upstreams that routes of the running project reach with credentials of the broker. Reads the current snapshot. */
export interface UpstreamDirectory {
  list(): readonly UpstreamSettings[]
  find(id: string): UpstreamSettings | undefined
  /** The upstreams behind a virtual server, by its name: its own, or those of its members; each once. Routes that broker no credential have none. */
  listByServer(virtualServer: string): readonly UpstreamSettings[]
  /** The tenants of the routes in front of an upstream, each once; undefined stands for routes that every tenant may use. */
  tenantsOf(id: string): readonly (string | undefined)[]
}
