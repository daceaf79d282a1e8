import type { Clock } from '../../contracts/clock.ts'
import type { UpstreamClients } from '../../contracts/storage.ts'
import type { Vault } from '../../contracts/vault.ts'
import { asGatewayError } from '../../errors/gateway-error.ts'
import type { UpstreamAuthorization } from '../connect/connect-host.ts'
import type { RefreshTokens } from '../token-endpoint.ts'
import { type AuthorizeHost, beginAuthorization, finishAuthorization, type PendingAuthorization } from './authorize.ts'
import type { ClientIdentity } from './client-document.ts'
import { createUpstreamDiscovery, type UpstreamDiscovery } from './discover-upstream.ts'
import { refreshTokens } from './refresh-tokens.ts'
import { revokeTokens } from './revoke-tokens.ts'
import { createRequestToken, type RequestToken } from './token-request.ts'
import { createUpstreamClientStore } from './upstream-client.ts'
import { createUpstreamDoors } from './upstream-door.ts'

/** The gateway as an OAuth client of authorization servers of upstreams. One for the life of the process. */
export interface UpstreamOAuthClient {
  readonly authorization: UpstreamAuthorization
  readonly refreshTokens: RefreshTokens
  /** For grants that need nobody's browser. */
  readonly requestToken: RequestToken
  readonly discovery: UpstreamDiscovery
}

/** What the OAuth client is made of. */
export interface UpstreamOAuthClientOptions {
  /** `dev`: upstreams on loopback may have authorization servers there, over http. */
  readonly mode: 'dev' | 'start'
  readonly identity: ClientIdentity
  readonly clients: UpstreamClients
  readonly vault: Vault
  readonly clock: Clock
}

/** Makes the OAuth client. */
export function createUpstreamOAuthClient(options: UpstreamOAuthClientOptions): UpstreamOAuthClient {
  const { mode, identity, vault, clock } = options
  const openDoor = createUpstreamDoors(mode)
  const discovery = createUpstreamDiscovery(openDoor, clock)
  const requestToken = createRequestToken(openDoor, clock)
  const clients = createUpstreamClientStore({ identity, clients: options.clients, vault, openDoor, clock })
  const host: AuthorizeHost = { discovery, clients, requestToken, clock }
  return {
    discovery,
    requestToken,
    authorization: {
      begin: (start) => beginAuthorization(host, start),
      // Sealed by this gateway when it began.
      finish: (upstream, tenant, answer, pending) =>
        finishAuthorization(host, upstream, tenant, answer, pending as PendingAuthorization),
      revoke: (upstream, tenant, credential) =>
        revokeTokens({ openDoor, discovery, clients }, upstream, tenant, credential).catch(() => false),
    },
    refreshTokens: (request) => refreshTokens({ requestToken, clients }, request).catch(asGatewayError),
  }
}
