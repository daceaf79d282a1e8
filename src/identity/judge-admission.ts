import type { Admission, AllowLists, TenantRules } from '../contracts/identity-provider.ts'
import { claimedTenant } from './claimed-tenant.ts'

/**
 * What keeps a person out, for the event: an allow-list, or a tenant claim of no tenant; undefined when nothing does. All lists that
 * exist must agree.
 */
export function judgeAdmission(admission: Admission, allow: AllowLists, rules?: TenantRules): string | undefined {
  if (rules !== undefined && claimedTenant(admission, rules) === undefined)
    return 'the claim of the tenant does not name one tenant of this gateway'
  const { tenants, hostedDomains, emailDomain, emailVerified } = admission
  if (!includesAny(allow.tenants, tenants)) return 'the tenant is not in allow.tenants'
  if (!includesAny(allow.hostedDomains, hostedDomains)) return 'hd is not in allow.hostedDomains'
  if (allow.emailDomains === undefined) return undefined
  // Whoever may write any address into their profile could name one of an allowed domain.
  if (!emailVerified) return 'the email address is not verified'
  if (!includesAny(allow.emailDomains, emailDomain === undefined ? [] : [emailDomain]))
    return 'the domain of the email address is not in allow.emailDomains'
  return undefined
}

function includesAny(allowed: readonly string[] | undefined, values: readonly string[]): boolean {
  if (allowed === undefined) return true
  const known = new Set(allowed.map((each) => each.toLowerCase()))
  return values.some((value) => known.has(value.toLowerCase()))
}
