import type { Provider } from 'oidc-provider'
import type { Clock } from '../../contracts/clock.ts'
import type { TrustedAssertionIssuer } from '../../contracts/identity-assertion.ts'
import type { OAuthRecords } from '../../contracts/storage.ts'
import type { SignInSettings, VirtualServer, VirtualServerDirectory } from '../../contracts/virtual-server.ts'
import { createAssertionVerifier, type IdentityAssertion } from '../../identity/verify-identity-assertion.ts'
import { joinTenants } from '../../lib/tenant.ts'
import type { OidcProviderModule } from './load-oidc-provider.ts'
import { saveGrant, tenantOfClient } from './tenant-models.ts'
import { useOnce } from './use-once.ts'

/** RFC 7523 §2.1. */
export const jwtBearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** What exchanging identity assertions needs. */
export interface IdentityAssertionGrantOptions {
  readonly provider: Provider
  readonly module: OidcProviderModule
  readonly publicUrl: string
  readonly records: OAuthRecords
  readonly virtualServers: VirtualServerDirectory
  readonly settings: () => SignInSettings
  readonly clock: Clock
}

type Parameters = { readonly assertion?: unknown; readonly resource?: unknown; readonly scope?: unknown }

/**
 * Exchanges an identity assertion of a trusted issuer (ID-JAG, MCP Enterprise-Managed Authorization) for an access token to one
 * virtual server. Whatever is wrong with the assertion is `invalid_grant`; the event says what.
 */
export function registerIdentityAssertionGrant(options: IdentityAssertionGrantOptions): void {
  const { provider, module, virtualServers, settings } = options
  const verifierOf = rememberVerifiers(options)
  provider.registerGrantType<Parameters>(
    jwtBearerGrant,
    async (ctx) => {
      const { client, params } = ctx.oidc
      const trusted = settings().idJag
      if (trusted === undefined || trusted.length === 0) throw new module.errors.UnsupportedGrantType()
      // Anybody may claim to be a public client.
      if (client.metadata().token_endpoint_auth_method === 'none')
        throw new module.errors.InvalidClient('client authentication is required')
      if (typeof params.assertion !== 'string') throw new module.errors.InvalidRequest('missing assertion')
      const refuse = (why: string) => new module.errors.InvalidGrant(`identity assertion: ${why}`)
      const assertion = await verifierOf(trusted)(params.assertion)
      if ('refusal' in assertion) throw refuse(assertion.refusal)
      if (assertion.clientId !== client.clientId) throw refuse('it was made for another client')
      const server = virtualServers.findByResource(assertion.resource)
      if (server === undefined) throw refuse('its resource is not a virtual server of this gateway')
      if (params.resource !== undefined && params.resource !== server.resource)
        throw refuse('the resource asked for is not the one it names')
      const scope = selectScopes(server, assertion, params.scope)
      if (scope === '') throw new module.errors.InvalidScope('none of the scopes is allowed', String(params.scope))
      const tenant = joinTenants(assertion.tenant, server.tenant, tenantOfClient(client.metadata()))
      if (tenant === undefined) throw refuse('it, its resource and the client are of different tenants')
      const use = {
        model: 'IdentityAssertion',
        issuer: assertion.issuer,
        id: assertion.id,
        expiresAtMs: assertion.expiresAtMs,
      }
      if (!(await useOnce(use, options.records, options.clock()))) throw refuse('it was used before')
      const { subject } = assertion
      const { clientId } = client
      const { grant, grantId } = await saveGrant(provider, {
        tenant,
        subject,
        clientId,
        resource: server.resource,
        scope,
      })
      const owner = { accountId: assertion.subject, client, grantId }
      const token = new provider.AccessToken({ ...owner, scope, gty: 'id_jag', expiresWithSession: false })
      token.resourceServer = new provider.ResourceServer(server.resource, {
        scope: server.scopes.join(' '),
        audience: server.resource,
        accessTokenTTL: Math.max(1, Math.round(settings().accessTokenTtlSeconds)),
        accessTokenFormat: 'opaque',
      })
      ctx.oidc.entity('Grant', grant)
      ctx.oidc.entity('AccessToken', token)
      const value = await token.save()
      ctx.body = { access_token: value, token_type: 'Bearer', expires_in: token.expiration, scope }
    },
    ['assertion', 'resource', 'scope'],
  )
}

/** One verifier, with its keys, for as long as the settings live. */
function rememberVerifiers({ publicUrl, clock }: IdentityAssertionGrantOptions) {
  const verifiers = new WeakMap<object, ReturnType<typeof createAssertionVerifier>>()
  return (trusted: readonly TrustedAssertionIssuer[]) => {
    const verifier = verifiers.get(trusted) ?? createAssertionVerifier(trusted, publicUrl, clock)
    verifiers.set(trusted, verifier)
    return verifier
  }
}

/**
 * No more than the client asked for, the assertion allows and the virtual server has. There is no consent page here: the scopes
 * of tools are for the issuer to allow, by name.
 */
function selectScopes(server: VirtualServer, { scopes }: IdentityAssertion, asked: unknown): string {
  const allowed = scopes ?? server.baseScopes
  const wanted = typeof asked === 'string' ? asked.split(' ') : allowed
  return server.scopes.filter((scope) => wanted.includes(scope) && allowed.includes(scope)).join(' ')
}
