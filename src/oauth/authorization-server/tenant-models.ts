import type { Provider } from 'oidc-provider'
import { type JsonObject, stringMember } from '../../lib/json.ts'

/** Models of the provider whose records belong to a tenant. All others are of the gateway as a whole. */
export const tenantModels: ReadonlySet<string> = new Set([
  'Grant',
  'AuthorizationCode',
  'AccessToken',
  'RefreshToken',
  'ClientCredentials',
])

/** Lets records of these models carry their tenant through the provider, which keeps only members it knows. */
export function declareTenants(provider: Provider): void {
  const { Grant, AuthorizationCode, AccessToken, RefreshToken, ClientCredentials } = provider
  for (const model of [Grant, AuthorizationCode, AccessToken, RefreshToken, ClientCredentials]) {
    const { IN_PAYLOAD: known } = model as unknown as { readonly IN_PAYLOAD: readonly string[] }
    Object.defineProperty(model, 'IN_PAYLOAD', { value: [...known, 'tenant'] })
  }
}

/** The tenant of a grant, code or token of the provider; undefined for a new one, which receives it when it is saved. */
export function tenantOf(entity: object | undefined): string | undefined {
  const { tenant } = (entity ?? {}) as { readonly tenant?: unknown }
  return typeof tenant === 'string' ? tenant : undefined
}

/** The tenant of a pre-registered client; undefined for one that registered itself, which holds nothing of any tenant. */
export function tenantOfClient(metadata: JsonObject): string | undefined {
  return stringMember(metadata, 'sallyport_tenant')
}

/** What somebody allows a client, and in which tenant. */
export interface NewGrant {
  readonly tenant: string
  readonly subject: string
  readonly clientId: string
  readonly resource: string
  readonly scope: string
}

/** Saves a grant and returns it: what is issued for it belongs to its tenant. */
export async function saveGrant(provider: Provider, { tenant, subject, clientId, resource, scope }: NewGrant) {
  const grant = Object.assign(new provider.Grant({ accountId: subject, clientId }), { tenant })
  grant.addResourceScope(resource, scope)
  return { grant, grantId: await grant.save() }
}
