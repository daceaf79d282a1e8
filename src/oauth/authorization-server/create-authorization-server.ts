import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import type { EventRecorder } from '../../analytics/event.ts'
import type { Clock } from '../../contracts/clock.ts'
import type { IdentityProvider } from '../../contracts/identity-provider.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { PreRegisteredClient } from '../../contracts/oauth-client.ts'
import type { SignInTokenStore } from '../../contracts/sign-in-tokens.ts'
import type { OAuthRecords, SealedValues } from '../../contracts/storage.ts'
import type { Vault } from '../../contracts/vault.ts'
import type { SignInSettings, VirtualServerDirectory } from '../../contracts/virtual-server.ts'
import type { FetchDocument } from '../../http/fetch-document.ts'
import { isKnownSubject } from '../../identity/known-subjects.ts'
import { createPersonRecords } from '../../identity/person-records.ts'
import { randomId } from '../../lib/random-id.ts'
import { type CachingTokenVerifier, createAccessTokenVerifier } from '../resource-server/verify-access-token.ts'
import { clientTtlSeconds, configureProvider } from './configure-provider.ts'
import { isOAuthPath } from './endpoints.ts'
import { explainErrorBodies } from './explain-error-bodies.ts'
import { createProviderFetch } from './fetch-client-metadata.ts'
import { createFormTokens } from './form-token.ts'
import { FrontDoor } from './front-door.ts'
import { registerIdentityAssertionGrant } from './identity-assertion-grant.ts'
import type { InteractionHost } from './interaction.ts'
import { keepClientsAlive } from './keep-clients-alive.ts'
import { defaultRequestLimits, type LimitedKind, limitRequests, type RequestLimits } from './limit-requests.ts'
import { loadOidcProvider, type OidcProviderModule } from './load-oidc-provider.ts'
import { createPreRegisteredClients, type PreRegisteredClients } from './pre-registered-clients.ts'
import { RecordAdapter } from './record-adapter.ts'
import { createOAuthEvents, listenToProvider } from './record-oauth-events.ts'
import { createRememberedConsents } from './remembered-consents.ts'
import { renderProviderError } from './render-provider-error.ts'
import { getRequestContext } from './request-context.ts'
import { createSignInStates } from './sign-in-states.ts'
import { loadServerKeys, type ServerKeys } from './signing-keys.ts'
import { sweepExpiredRecords } from './sweep-expired-records.ts'

/** What the authorization server is made of. Functions are read at every use, so that a reload takes effect. */
export interface AuthorizationServerOptions {
  /** Issuer and origin of every absolute URL, without trailing slash. */
  readonly publicUrl: string
  readonly basePath: string
  readonly records: OAuthRecords
  readonly sealed: SealedValues
  readonly vault: Vault
  readonly virtualServers: VirtualServerDirectory
  readonly settings: () => SignInSettings
  readonly recorder: EventRecorder
  readonly log: Logger
  readonly fetchDocument: FetchDocument
  /** Where people sign in; absent, or undefined, with dev login. */
  readonly identityProvider?: (() => IdentityProvider | undefined) | undefined
  /** Where the provider's tokens are kept; absent, or undefined, while nothing exchanges them. */
  readonly signInTokens?: (() => SignInTokenStore | undefined) | undefined
  /** A grant ended, by its client or because a stolen copy of a token was used. */
  readonly onGrantRevoked?: ((grantId: string) => void) | undefined
  /** Clients that the project declares. */
  readonly clients?: (() => readonly PreRegisteredClient[]) | undefined
  readonly clock?: Clock | undefined
  readonly requestLimits?: Partial<Record<LimitedKind, RequestLimits>> | undefined
}

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
  /** Ends a grant with all of its tokens, at once. */
  revokeGrant(grantId: string): Promise<void>
  close(): void
}

/**
 * Builds the authorization server. Rejects when its keys cannot be opened. oidc-provider itself is loaded with the first request
 * that needs it: it takes 50 MB and 150 ms, and most requests of a gateway only have their token verified.
 */
export async function createAuthorizationServer(options: AuthorizationServerOptions): Promise<AuthorizationServer> {
  const clock = options.clock ?? Date.now
  const { basePath, records } = options
  const keys = await loadServerKeys(options.sealed, options.vault)
  const clients = createPreRegisteredClients(options.clients ?? (() => []), records)
  // A resource that is no virtual server any more has a name that no client may call, but those that may call all.
  const nameOf = (resource: string) => options.virtualServers.findByResource(resource)?.name ?? ''
  const findClientTenant = (id: string, resources: readonly string[]) => clients.findTenant(id, resources.map(nameOf))
  const verifier = createAccessTokenVerifier({ records, clock, findClientTenant })
  let opening: Promise<OpenedProvider> | undefined
  const open = () => (opening ??= openProvider(options, keys, verifier, clients, clock))
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
    revokeGrant: async (grantId) => (await open()).adapter('Grant').revokeByGrantId(grantId),
    close: stopSweeping,
  }
}

interface OpenedProvider {
  readonly door: FrontDoor
  readonly adapter: (model: string) => RecordAdapter
}

async function openProvider(
  options: AuthorizationServerOptions,
  keys: ServerKeys,
  verifier: CachingTokenVerifier,
  clients: PreRegisteredClients,
  clock: Clock,
): Promise<OpenedProvider> {
  const { publicUrl, basePath, records, settings, virtualServers } = options
  const module = await loadOidcProvider()
  const adapter = createAdapters(options, module, verifier, clients, clock)
  const events = createOAuthEvents({ recorder: options.recorder, clock })
  const onNewClient = (clientId: string, clientName: string | null) => {
    const request = module.Provider.ctx?.req
    const requestId = request ? getRequestContext(request).requestId : randomId()
    events.record('auth_client_registered', requestId, { clientId, clientName })
  }
  const limits = { ...defaultRequestLimits, ...options.requestLimits }
  const takeDocument = limitRequests(limits.document, clock)
  const admitNewClient = () => {
    const request = module.Provider.ctx?.req
    return takeDocument(request ? getRequestContext(request).clientAddress : '') === 0
  }
  const { fetchDocument } = options
  const currentRequest = () => module.Provider.ctx?.req
  const fetch = createProviderFetch({ fetchDocument, records, clock, admitNewClient, currentRequest, onNewClient })
  const renderError = renderProviderError
  const people = createPersonRecords(records, clock)
  const identityProvider = options.identityProvider ?? (() => undefined)
  const provider = new module.Provider(
    publicUrl,
    configureProvider({
      publicUrl,
      basePath,
      keys,
      virtualServers,
      settings,
      isKnownSubject: (subject) => {
        const { devLogin } = settings()
        const now = { devLogin, identityProvider: identityProvider()?.settings, timeMs: clock() }
        return isKnownSubject(subject, now, people)
      },
      adapter,
      fetch,
      module,
      renderError,
    }),
  )
  // The front door sets X-Forwarded-Proto from publicUrl and removes every forwarding header of the client.
  provider.proxy = true
  prefixTokens(provider)
  registerIdentityAssertionGrant({ provider, module, publicUrl, records, virtualServers, settings, clock })
  explainErrorBodies(provider)
  listenToProvider(provider, events, virtualServers, options.log)
  keepClientsAlive(provider, records, () => clientTtlSeconds(settings()), clock, options.log)
  const host: InteractionHost = {
    provider,
    publicUrl,
    virtualServers,
    settings,
    formTokens: createFormTokens(keys.forms, keys.formerForms),
    events,
    identityProvider,
    callbackUrl: `${publicUrl}${basePath}/oauth/callback`,
    signInStates: createSignInStates(records, options.vault, clock),
    consents: createRememberedConsents(records, clock),
    people,
    signInTokens: options.signInTokens ?? (() => undefined),
    forgetSubject: verifier.forgetSubject,
  }
  const takePage = limitRequests(limits.page, clock)
  const takeRequest = {
    register: limitRequests(limits.register, clock),
    authorize: limitRequests(limits.authorize, clock),
    page: takePage,
    callback: takePage,
    'sign-out': takePage,
    token: limitRequests(limits.token, clock),
    metadata: limitRequests(limits.metadata, clock),
  }
  const listener = provider.callback()
  const provide = (request: IncomingMessage, response: ServerResponse) => void listener(request, response)
  const { log } = options
  const door = new FrontDoor({ publicUrl, basePath, virtualServers, host, clients, takeRequest, log, provide })
  return { door, adapter }
}

function createAdapters(
  options: AuthorizationServerOptions,
  module: OidcProviderModule,
  verifier: CachingTokenVerifier,
  clients: PreRegisteredClients,
  clock: Clock,
): (model: string) => RecordAdapter {
  const adapterOptions = {
    records: options.records,
    vault: options.vault,
    clock,
    leewaySeconds: () => options.settings().refreshTokenLeewaySeconds,
    clientTtlSeconds: () => clientTtlSeconds(options.settings()),
    findConfiguredClient: clients.findConfigured,
    onTokenDestroyed: verifier.forgetToken,
    onGrantRevoked: (grantId: string) => {
      verifier.forgetGrant(grantId)
      options.onGrantRevoked?.(grantId)
    },
    invalidGrant: (detail: string) => new module.errors.InvalidGrant(detail),
  }
  return (model) => new RecordAdapter(model, adapterOptions)
}

/** Puts a prefix that secret scanners can find before the 256 random bits of the provider. */
function prefixTokens(provider: Provider): void {
  prefixIds(provider.AccessToken.prototype, 'sp_at_')
  prefixIds(provider.ClientCredentials.prototype, 'sp_at_')
  prefixIds(provider.RefreshToken.prototype, 'sp_rt_')
}

function prefixIds(prototype: object, prefix: string): void {
  const { generateTokenId } = prototype as { generateTokenId: (this: object) => string }
  Object.assign(prototype, {
    generateTokenId(this: object) {
      return prefix + generateTokenId.call(this)
    },
  })
}
