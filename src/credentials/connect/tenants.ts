import type { UpstreamDirectory } from '../../contracts/upstream.ts'
import type { BrowserPerson } from '../../contracts/upstream-links.ts'
import { defaultTenant } from '../../lib/tenant.ts'

/** The tenants in which a person reaches an upstream without saying more: that of their claims, else those of its routes. */
export function listTenants(
  { claimedTenant }: Pick<BrowserPerson, 'claimedTenant'>,
  upstream: string,
  upstreams: UpstreamDirectory,
): readonly string[] {
  const ofRoutes = upstreams.tenantsOf(upstream)
  if (claimedTenant === undefined) return [...new Set(ofRoutes.map((tenant) => tenant ?? defaultTenant))]
  return ofRoutes.includes(undefined) || ofRoutes.includes(claimedTenant) ? [claimedTenant] : []
}

/**
 * True when a person may act in this tenant at an upstream. Where neither their claims nor the route name one, that of their client does, which
 * nobody here knows.
 */
export function mayActIn(
  tenant: string,
  person: Pick<BrowserPerson, 'claimedTenant'>,
  upstream: string,
  upstreams: UpstreamDirectory,
): boolean {
  if (listTenants(person, upstream, upstreams).includes(tenant)) return true
  return person.claimedTenant === undefined && upstreams.tenantsOf(upstream).includes(undefined)
}
