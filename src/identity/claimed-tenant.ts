import type { Admission, TenantRules } from '../contracts/identity-provider.ts'
import { tenantPattern } from '../lib/tenant.ts'

/**
 * The tenant that the claims of a person name. Undefined when they name none, none of this gateway, or several: who would be in
 * the wrong one must be in none. Values are compared exactly: identifiers that differ in case may be of two organisations.
 */
export function claimedTenant({ tenants }: Pick<Admission, 'tenants'>, { map }: TenantRules): string | undefined {
  const named =
    map === undefined ? tenants : tenants.flatMap((value) => (Object.hasOwn(map, value) ? (map[value] ?? []) : []))
  const [tenant, ...others] = new Set(named)
  return tenant !== undefined && others.length === 0 && tenantPattern.test(tenant) ? tenant : undefined
}
