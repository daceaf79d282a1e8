import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import type { Clock } from '../../contracts/clock.ts'
import { limitRequests } from '../../http/limit-requests.ts'
import { findKnownSubject } from '../../identity/known-subjects.ts'
import { createPersonRecords } from '../../identity/person-records.ts'
import { randomId } from '../../lib/random-id.ts'
import type { CachingTokenVerifier } from '../resource-server/verify-access-token.ts'
import type { AuthorizationServerOptions } from './authorization-server-options.ts'
import { useAssertionsOnce } from './client-assertions.ts'
import { clientTtlSeconds, configureProvider, type FindKnownSubject } from './configure-provider.ts'
import { explainErrorBodies } from './explain-error-bodies.ts'
import { createProviderFetch } from './fetch-client-metadata.ts'
import { createFormTokens } from './form-token.ts'
import { FrontDoor } from './front-door.ts'
import { registerIdentityAssertionGrant } from './identity-assertion-grant.ts'
import type { InteractionHost } from './interaction.ts'
import { keepClientsAlive } from './keep-clients-alive.ts'
import { loadOidcProvider, type OidcProviderModule } from './load-oidc-provider.ts'
import type { PreRegisteredClients } from './pre-registered-clients.ts'
import { RecordAdapter } from './record-adapter.ts'
import { createOAuthEvents, listenToProvider } from './record-oauth-events.ts'
import { createRememberedConsents } from './remembered-consents.ts'
import { renderProviderError } from './render-provider-error.ts'
import { getRequestContext } from './request-context.ts'
import { defaultRequestLimits } from './request-limits.ts'
import { createSignInStates } from './sign-in-states.ts'
import type { ServerKeys } from './signing-keys.ts'
import { declareTenants } from './tenant-models.ts'

/** The provider with everything around it. */
export interface OpenedProvider {
  readonly door: FrontDoor
  readonly host: InteractionHost
  readonly adapter: (model: string) => RecordAdapter
}

/** Makes the provider and its front door. */
export async function openProvider(
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
  const fetch = createProviderFetch({
    fetchDocument,
    records,
    clock,
    admitNewClient,
    redirectSchemes: () => settings().redirectSchemes,
    currentRequest,
    onNewClient,
  })
  const renderError = renderProviderError
  const people = createPersonRecords(records, clock)
  const identityProvider = options.identityProvider ?? (() => undefined)
  const findKnown: FindKnownSubject = (subject, tenant) => {
    const { devLogin } = settings()
    const now = { devLogin, identityProvider: identityProvider()?.settings, timeMs: clock() }
    return findKnownSubject(subject, now, people, tenant)
  }
  const provider = new module.Provider(
    publicUrl,
    configureProvider({
      publicUrl,
      basePath,
      keys,
      virtualServers,
      settings,
      findKnownSubject: findKnown,
      adapter,
      fetch,
      module,
      renderError,
    }),
  )
  // The front door sets X-Forwarded-Proto from publicUrl and removes every forwarding header of the client.
  provider.proxy = true
  prefixTokens(provider)
  declareTenants(provider)
  useAssertionsOnce(provider, records, clock)
  registerIdentityAssertionGrant({ provider, module, publicUrl, records, virtualServers, settings, clock })
  explainErrorBodies(provider)
  listenToProvider(provider, events, virtualServers, options.log)
  keepClientsAlive(provider, records, () => clientTtlSeconds(settings()), clock, options.log)
  const host: InteractionHost = {
    provider,
    publicUrl,
    basePath,
    virtualServers,
    settings,
    formTokens: createFormTokens(keys.forms, keys.formerForms),
    events,
    identityProvider,
    callbackUrl: `${publicUrl}${basePath}/oauth/callback`,
    signInStates: createSignInStates(records, options.vault, clock),
    consents: createRememberedConsents(records, clock),
    people,
    findKnownSubject: findKnown,
    upstreamLinks: options.upstreamLinks,
    signInTokens: options.signInTokens ?? (() => undefined),
    forgetSubject: verifier.forgetSubject,
  }
  const takeAuthorize = limitRequests(limits.authorize, clock)
  const takePage = limitRequests(limits.page, clock)
  const takeToken = limitRequests(limits.token, clock)
  const takeRequest = {
    register: limitRequests(limits.register, clock),
    authorize: takeAuthorize,
    'begin-sign-in': takeAuthorize,
    page: takePage,
    callback: takePage,
    'sign-out': takePage,
    token: takeToken,
    revoke: takeToken,
    metadata: limitRequests(limits.metadata, clock),
  }
  const listener = provider.callback()
  const provide = (request: IncomingMessage, response: ServerResponse) => void listener(request, response)
  const { log } = options
  const door = new FrontDoor({ publicUrl, basePath, virtualServers, host, clients, takeRequest, log, provide })
  return { door, host, adapter }
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
    findClientTenant: (id: string) => clients.findTenant(id, []),
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
