import type { TrustedAssertionIssuer } from './identity-assertion.ts'
import type { IdentityProviderSettings } from './identity-provider.ts'

/** A route that speaks MCP, as the authorization server and the resource metadata see it. */
export interface VirtualServer {
  /** operationId of the route; the name of the virtual server in every event. */
  readonly name: string
  /** `summary` of the route, shown to people. */
  readonly title: string
  /** `description` of the route, if any. */
  readonly description: string | undefined
  /** Route path, e.g. `/mcp/tracker`. */
  readonly path: string
  /** Canonical resource identifier (RFC 8707, RFC 9728): publicUrl + path, without a trailing slash. */
  readonly resource: string
  /** URL of the protected resource metadata of this virtual server (RFC 9728 §3.1). */
  readonly metadataUrl: string
  /** Every scope that an access token for it may carry: those of `baseScopes` and those of its tools. */
  readonly scopes: readonly string[]
  /** Scopes that every access token for it carries; no request is served without them. */
  readonly baseScopes: readonly string[]
  /** What tools need besides, by name or `*` glob; absent: nothing. */
  readonly toolScopes?: ServerScopes['tools'] | undefined
  /** Display name of the upstream behind it: its host. */
  readonly upstream: string
  /** The only tenant that may use it; absent: every one. */
  readonly tenant?: string | undefined
  /** What the registry says of it besides. */
  readonly registry?: RegistryListing | undefined
}

/** What a project says about the entry of a virtual server in the registry. */
export interface RegistryListing {
  readonly listed: boolean
  /** Shown as it is; absent: `documentVersion` with a mark that changes with the entry. */
  readonly version?: string | undefined
  /** `info.version` of the OpenAPI file. */
  readonly documentVersion?: string | undefined
  /** Changes with what is pinned of the server. */
  readonly surface?: string | undefined
  readonly websiteUrl?: string | undefined
  readonly icons: readonly object[]
}

/** The scopes of one virtual server, as the project declares them. */
export interface ServerScopes {
  /** What every token carries. */
  readonly base: readonly string[]
  /** Tools, by name or `*` glob, and the scopes that calling them needs besides. */
  readonly tools: { readonly [pattern: string]: readonly string[] }
  /** How a call that needs more is answered; absent: with the challenge. */
  readonly stepUp?: 'challenge' | 'tool-error' | undefined
}

/** The virtual servers of the project that runs now. Reads the current snapshot at every call. */
export interface VirtualServerDirectory {
  list(): readonly VirtualServer[]
  /** By resource identifier; tolerates one trailing slash, upper-case scheme or host and a default port. */
  findByResource(resource: string): VirtualServer | undefined
}

/** Lifetimes and switches of the authorization server, from the options of the project's sign-in policy. Seconds. */
export interface SignInSettings {
  readonly accessTokenTtlSeconds: number
  readonly refreshTokenTtlSeconds: number
  /** How long a rotated refresh token is still accepted (two windows of one client refresh at once). */
  readonly refreshTokenLeewaySeconds: number
  readonly authorizationCodeTtlSeconds: number
  /** How long a browser stays signed in at most, and how long without a visit. */
  readonly sessionTtlSeconds: number
  readonly sessionIdleSeconds: number
  readonly stateTtlSeconds: number
  readonly cimdEnabled: boolean
  /** Hosts whose metadata documents are accepted; absent: all. `*.example.com` stands for every name below it. */
  readonly cimdAllowedHosts?: readonly string[] | undefined
  /** Hosts whose metadata documents are never accepted. */
  readonly cimdDeniedHosts?: readonly string[] | undefined
  /** Private-use URI schemes of clients that register themselves (RFC 8252 §7.1); absent: any that is harmless. */
  readonly redirectSchemes?: readonly string[] | undefined
  /** Scopes of virtual servers by name; absent: the default scope and nothing else. */
  readonly scopes?: { readonly [server: string]: ServerScopes } | undefined
  /** People sign in by typing a name, on loopback only. */
  readonly devLogin: boolean
  /** Whose identity assertions (ID-JAG) are exchanged for access tokens; absent: nobody's. */
  readonly idJag?: readonly TrustedAssertionIssuer[] | undefined
  /** Where people sign in; absent with dev login. */
  readonly identityProvider?: IdentityProviderSettings | undefined
}
