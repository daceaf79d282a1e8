import { isIP } from 'node:net'
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { SignInSettings, VirtualServerDirectory } from '../../contracts/virtual-server.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { KnownSubject } from '../../identity/known-subjects.ts'
import type { JsonObject } from '../../lib/json.ts'
import { joinTenants } from '../../lib/tenant.ts'
import { admitsDocumentHost } from './admit-document-host.ts'
import { chooseClientId } from './choose-client-id.ts'
import { checkAssertionLifetime } from './client-assertions.ts'
import type { PageName } from './endpoints.ts'
import type { ProviderFetch } from './fetch-client-metadata.ts'
import { jwtBearerGrant } from './identity-assertion-grant.ts'
import type { OidcProviderModule } from './load-oidc-provider.ts'
import { mayCall, operatorMembers, scopesOnOwnBehalf } from './pre-registered-clients.ts'
import type { RecordAdapter } from './record-adapter.ts'
import { findServer } from './sanitize-authorize-request.ts'
import type { ServerKeys } from './signing-keys.ts'
import { tenantOf, tenantOfClient } from './tenant-models.ts'

/** A person as the present way of signing in knows them, in a tenant or as they last signed in; undefined for strangers. */
export type FindKnownSubject = (subject: string, tenant?: string) => Promise<KnownSubject | undefined>

/** What the configuration of the provider is made of. */
export interface ProviderSetup {
  readonly publicUrl: string
  readonly basePath: string
  readonly keys: ServerKeys
  readonly virtualServers: VirtualServerDirectory
  readonly settings: () => SignInSettings
  readonly findKnownSubject: FindKnownSubject
  readonly adapter: (model: string) => RecordAdapter
  readonly fetch: ProviderFetch
  readonly module: OidcProviderModule
  readonly renderError: NonNullable<Configuration['renderError']>
}

const dayInSeconds = 24 * 3600
/** A grant ends after a year at the latest, however often its refresh token was rotated. */
export const grantSeconds = 365 * dayInSeconds

/** Configuration of oidc-provider. Everything that a reload may change is a function, read when it is needed. */
export function configureProvider(setup: ProviderSetup): Configuration {
  const { basePath, settings } = setup
  return {
    adapter: setup.adapter,
    jwks: { keys: [setup.keys.signing, ...(setup.keys.formerSigning ?? [])] },
    cookies: configureCookies(setup),
    clientDefaults: {
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      id_token_signed_response_alg: 'ES256',
      grant_types: ['authorization_code', 'refresh_token'],
    },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    assertJwtClientAuthClaimsAndHeader: (_ctx, { exp }) => checkAssertionLifetime(exp, setup.module),
    responseTypes: ['code'],
    routes: {
      authorization: `${basePath}/oauth/authorize`,
      token: `${basePath}/oauth/token`,
      registration: `${basePath}/oauth/register`,
      revocation: `${basePath}/oauth/revoke`,
      jwks: `${basePath}/oauth/jwks`,
      end_session: `${basePath}/oauth/sign-out`,
    },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    // Signing out of the browser does not disconnect clients, and tokens outlive the browser session.
    expiresWithSession: async () => false,
    revokeGrantPolicy: () => true,
    // Only consent given in this very interaction counts.
    loadExistingGrant: async (ctx) => findGrantOfInteraction(ctx),
    findAccount: (ctx, id, source) => findAccount(ctx, id, source, setup),
    interactions: {
      policy: askStrangers(setup),
      url: (_ctx, interaction) => `${basePath}/oauth/${pageOf(interaction.prompt.name, settings())}/${interaction.uid}`,
    },
    extraClientMetadata: { properties: [...operatorMembers] },
    clientBasedCORS: () => true,
    conformIdTokenClaims: false,
    formats: { bitsOfOpaqueRandomness: 256 },
    ttl: {
      AccessToken: () => whole(settings().accessTokenTtlSeconds),
      AuthorizationCode: () => whole(settings().authorizationCodeTtlSeconds),
      RefreshToken: () => whole(settings().refreshTokenTtlSeconds),
      Grant: (ctx) =>
        ctx?.oidc?.params?.['grant_type'] === jwtBearerGrant
          ? whole(settings().accessTokenTtlSeconds)
          : Math.max(grantSeconds, whole(settings().refreshTokenTtlSeconds)),
      ClientCredentials: () => whole(settings().accessTokenTtlSeconds),
      Session: (_ctx, session) => sessionSeconds(session.loginTs, settings()),
      Interaction: () => whole(settings().stateTtlSeconds),
      IdToken: () => whole(settings().accessTokenTtlSeconds),
    },
    features: configureFeatures(setup),
    fetch: setup.fetch,
    renderError: setup.renderError,
  }
}

/**
 * A client id names a document on a named host; the root of a site or a bare address is not one (CIMD draft §3). It is written as
 * URL parsers write it: another case, port or script would be another client that looks like this one.
 */
function namesDocument(clientId: string): boolean {
  const url = URL.parse(clientId)
  if (url === null || url.href !== clientId) return false
  return url.pathname !== '/' && isIP(url.hostname) === 0 && !url.hostname.startsWith('[')
}

/** Throws for a host that the operator does not admit, so that page and event say so. */
function admitHost(clientId: string, { module, settings }: ProviderSetup): true {
  if (admitsDocumentHost(clientId, settings())) return true
  throw new module.errors.InvalidClient('client is not allowed', { cause: new GatewayError('client_not_allowed') })
}

/** Seconds that an unused client is kept; longer than any refresh token of it may live. */
export function clientTtlSeconds(settings: SignInSettings): number {
  return Math.max(90 * dayInSeconds, whole(settings.refreshTokenTtlSeconds) + dayInSeconds)
}

/** The cookie of the browser session. `__Host-` demands Path=/. */
export function describeSessionCookie(publicUrl: string) {
  const secure = publicUrl.startsWith('https:')
  const options = { httpOnly: true, sameSite: 'lax', signed: true, secure, overwrite: true, path: '/' } as const
  return { name: secure ? '__Host-sallyport' : 'sallyport', options }
}

function configureCookies(setup: ProviderSetup): NonNullable<Configuration['cookies']> {
  const { name: session, options: long } = describeSessionCookie(setup.publicUrl)
  const { path: _path, ...short } = long
  return {
    keys: [...setup.keys.cookies],
    // The cookies of one sign-in are bound to its own pages.
    names: long.secure
      ? { session, interaction: '__Secure-sallyport-sign-in', resume: '__Secure-sallyport-resume' }
      : { session, interaction: 'sallyport-sign-in', resume: 'sallyport-resume' },
    long,
    short,
  }
}

function configureFeatures(setup: ProviderSetup): NonNullable<Configuration['features']> {
  const { settings } = setup
  return {
    devInteractions: { enabled: false },
    // Only pre-registered clients have this grant type; the server metadata names it where there is such a client.
    clientCredentials: { enabled: true },
    userinfo: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    registration: {
      enabled: true,
      issueRegistrationAccessToken: false,
      idFactory: (ctx) => chooseClientId(ctx.oidc.body),
    },
    revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
    clientIdMetadataDocument: {
      enabled: true,
      ack: 'draft-02',
      allowFetch: (_ctx, clientId) => settings().cimdEnabled && namesDocument(clientId) && admitHost(clientId, setup),
      allowClient: (_ctx, { clientId }) => settings().cimdEnabled && admitHost(clientId, setup),
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: async (ctx, _client, oneOf) => {
        // Nobody is there to see on a consent page what was guessed.
        if (isClientCredentials(ctx)) throw new setup.module.errors.InvalidTarget('resource is required')
        const resource = oneOf?.length === 1 ? oneOf[0] : findServer(undefined, setup.virtualServers)?.resource
        if (resource === undefined || (oneOf && oneOf.length > 1))
          throw new setup.module.errors.InvalidTarget('name one resource')
        return resource
      },
      useGrantedResource: async () => true,
      getResourceServerInfo: async (ctx, resource, client) => describeResource(ctx, resource, client.metadata(), setup),
    },
  }
}

function describeResource(ctx: KoaContextWithOIDC, resource: string, client: JsonObject, setup: ProviderSetup) {
  const server = setup.virtualServers.findByResource(resource)
  // One token, one virtual server: a grant for several would have to explain several on one consent page.
  if (!server || Array.isArray(ctx.oidc.params?.['resource'])) {
    throw new setup.module.errors.InvalidTarget('the resource is not a virtual server of this gateway')
  }
  if (joinTenants(server.tenant, tenantOfClient(client)) === undefined) {
    throw new setup.module.errors.InvalidTarget('this client belongs to another tenant than that virtual server')
  }
  if (isClientCredentials(ctx) && !mayCall(client, server.name)) {
    throw new setup.module.errors.InvalidTarget('this client may not call that virtual server on its own behalf')
  }
  return {
    scope: (isClientCredentials(ctx) ? scopesOnOwnBehalf(client, server) : server.scopes).join(' '),
    audience: server.resource,
    accessTokenTTL: whole(setup.settings().accessTokenTtlSeconds),
    accessTokenFormat: 'opaque' as const,
  }
}

function isClientCredentials(ctx: KoaContextWithOIDC): boolean {
  return ctx.oidc.params?.['grant_type'] === 'client_credentials'
}

async function findGrantOfInteraction(ctx: KoaContextWithOIDC) {
  const grantId = ctx.oidc.result?.consent?.grantId
  return grantId === undefined ? undefined : ctx.oidc.provider.Grant.find(grantId)
}

/** Whoever holds a code or a refresh token must still be known, in the tenant that it was granted in. */
async function findAccount(
  ctx: KoaContextWithOIDC,
  subject: string,
  source: object | undefined,
  { findKnownSubject, virtualServers }: ProviderSetup,
) {
  const granted = tenantOf(source)
  const known = await findKnownSubject(subject, granted)
  if (known === undefined) return undefined
  const { resource } = (source ?? {}) as { readonly resource?: unknown }
  const tenant = joinTenants(known.tenant, ...tenantsAsked(ctx, resource, virtualServers))
  if (granted !== undefined && tenant !== granted) return undefined
  return { accountId: subject, claims: async () => ({ sub: subject }), tenant: known.tenant }
}

/** Those of the virtual server and the client of a request. */
function tenantsAsked(ctx: KoaContextWithOIDC, resource: unknown, virtualServers: VirtualServerDirectory) {
  const server = typeof resource === 'string' ? virtualServers.findByResource(resource) : undefined
  return [server?.tenant, ctx.oidc.client && tenantOfClient(ctx.oidc.client.metadata())]
}

/** Who is signed in in this browser, but could not sign in any more, or not for a virtual server of this tenant, is asked to. */
function askStrangers({ module, findKnownSubject, virtualServers }: ProviderSetup) {
  const { base, Check } = module.interactionPolicy
  const policy = base()
  const isStranger = async (ctx: KoaContextWithOIDC) => {
    const subject = ctx.oidc.session?.accountId
    if (subject === undefined) return false
    const known = await findKnownSubject(subject)
    const asked = tenantsAsked(ctx, ctx.oidc.params?.['resource'], virtualServers)
    return known === undefined || joinTenants(known.tenant, ...asked) === undefined
  }
  policy.get('login')?.checks.add(new Check('stranger', 'sign in again', 'login_required', isStranger))
  return policy
}

/** The page of a prompt. */
export function pageOf(prompt: string, settings: SignInSettings): PageName {
  if (prompt !== 'login') return 'consent'
  return settings.devLogin ? 'dev-login' : 'sign-in'
}

/** The provider begins the life of a session anew at every visit: as long as it may be idle, but not beyond its absolute end. */
export function sessionSeconds(loginTs: number | undefined, settings: SignInSettings): number {
  const { sessionTtlSeconds, sessionIdleSeconds } = settings
  const nowSeconds = Math.floor(Date.now() / 1000)
  return whole(Math.min(sessionIdleSeconds, (loginTs ?? nowSeconds) + sessionTtlSeconds - nowSeconds))
}

function whole(seconds: number): number {
  return Math.max(1, Math.round(seconds))
}
