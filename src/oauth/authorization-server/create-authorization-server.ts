import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BrowserSignIn } from '../../contracts/upstream-links.ts'
import { isAdmitted } from '../../identity/known-subjects.ts'
import { randomId } from '../../lib/random-id.ts'
import { type CachingTokenVerifier, createAccessTokenVerifier } from '../resource-server/verify-access-token.ts'
import type { AuthorizationServerOptions } from './authorization-server-options.ts'
import { createBrowserSignIn } from './browser-sign-in.ts'
import { isOAuthPath } from './endpoints.ts'
import { createFormTokens } from './form-token.ts'
import { type OpenedProvider, openProvider } from './open-provider.ts'
import { createPreRegisteredClients } from './pre-registered-clients.ts'
import { loadServerKeys, type ServerKeys } from './signing-keys.ts'
import { sweepExpiredRecords } from './sweep-expired-records.ts'

/** The authorization server: one for the life of the process. */
export interface AuthorizationServer {
  /** True for paths that `handle` answers. */
  owns(path: string): boolean
  /** Answers a request of one of its paths. Request id and client address are those of the exchange, when there is one. */
  handle(
    request: IncomingMessage,
    response: ServerResponse,
    known?: { requestId?: string; clientAddress?: string },
  ): void
  readonly verifier: CachingTokenVerifier
  /** Who is signed in to a browser, for pages of the gateway. */
  readonly browserSignIn: BrowserSignIn
  /** Ends a grant with all of its tokens, at once. */
  revokeGrant(grantId: string): Promise<void>
  /** Another process rotated the keys: they are read anew, and whoever signed in stays signed in unless former keys were discarded. Never rejects. */
  reloadKeys(): Promise<void>
  close(): void
}

/**
 * Builds the authorization server. Rejects when its keys cannot be opened. oidc-provider itself is loaded with the first request
 * that needs it: it takes 50 MB and 150 ms, and most requests of a gateway only have their token verified.
 */
export async function createAuthorizationServer(options: AuthorizationServerOptions): Promise<AuthorizationServer> {
  const clock = options.clock ?? Date.now
  const { publicUrl, basePath, records } = options
  let keys = await loadServerKeys(options.sealed, options.vault)
  const clients = createPreRegisteredClients(options.clients ?? (() => []), records)
  // A resource that is no virtual server any more has a name that no client may call, but those that may call all.
  const nameOf = (resource: string) => options.virtualServers.findByResource(resource)?.name ?? ''
  const findClientTenant = (id: string, resources: readonly string[]) => clients.findTenant(id, resources.map(nameOf))
  const verifier = createAccessTokenVerifier({
    records,
    clock,
    findClientTenant,
    isAdmitted: ({ id, tenant }, person) => {
      const { devLogin } = options.settings()
      const now = { devLogin, identityProvider: options.identityProvider?.()?.settings }
      return isAdmitted(id, person, now, tenant)
    },
  })
  let opening: Promise<OpenedProvider> | undefined
  const openWith = (chosen: ServerKeys) => openProvider(options, chosen, verifier, clients, clock)
  const open = () => (opening ??= openWith(keys))
  let reloading = Promise.resolve()
  /** Requests under way end at the provider they began at; nobody comes to one that is not ready. */
  async function reload(): Promise<void> {
    const next = await loadServerKeys(options.sealed, options.vault)
    const ready = opening && (await openWith(next))
    keys = next
    if (ready !== undefined) opening = Promise.resolve(ready)
  }
  const stopSweeping = sweepExpiredRecords(records, clock, options.log)
  return {
    owns: (path) => isOAuthPath(path, basePath),
    handle: (original, response, known = {}) => {
      const requestId = known.requestId ?? randomId()
      const clientAddress = known.clientAddress ?? original.socket.remoteAddress ?? ''
      open().then(
        ({ door }) => door.handle({ requestId, original, clientAddress }, response),
        (error: unknown) => {
          options.log.error({ err: error, requestId }, 'the authorization server does not start')
          response.writeHead(500, { 'x-request-id': requestId }).end()
        },
      )
    },
    verifier,
    browserSignIn: createBrowserSignIn({
      publicUrl,
      basePath,
      formTokens: () => createFormTokens(keys.forms, keys.formerForms),
      host: async () => (await open()).host,
    }),
    revokeGrant: async (grantId) => (await open()).adapter('Grant').revokeByGrantId(grantId),
    reloadKeys() {
      reloading = reloading.then(reload).catch((error: unknown) => {
        options.log.error({ err: error }, 'could not read the rotated signing keys; the former ones are still in use')
      })
      return reloading
    },
    close: stopSweeping,
  }
}
