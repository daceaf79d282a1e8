import type { AllowLists, ClaimPlaces } from '../contracts/identity-provider.ts'
import type { JsonObject } from '../lib/json.ts'
import { findClaim, listNames } from './read-claims.ts'

/** Why a person may not sign in, for the event; undefined when they may. All lists that exist must agree. */
export function findDisallowed(claims: JsonObject, allow: AllowLists, places: ClaimPlaces): string | undefined {
  if (!includesAny(allow.tenants, listNames(findClaim(claims, places.tenant))))
    return 'the tenant is not in allow.tenants'
  if (!includesAny(allow.hostedDomains, listNames(claims['hd']))) return 'hd is not in allow.hostedDomains'
  if (allow.emailDomains === undefined) return undefined
  // Whoever may write any address into their profile could name one of an allowed domain. Some providers write the text "true".
  if (String(claims['email_verified']) !== 'true') return 'the email address is not verified'
  const { email } = claims
  const domain = typeof email === 'string' ? /^[^@]+@([^@]+)$/.exec(email)?.[1] : undefined
  if (!includesAny(allow.emailDomains, domain === undefined ? [] : [domain]))
    return 'the domain of the email address is not in allow.emailDomains'
  return undefined
}

function includesAny(allowed: readonly string[] | undefined, values: readonly string[]): boolean {
  if (allowed === undefined) return true
  const known = new Set(allowed.map((each) => each.toLowerCase()))
  return values.some((value) => known.has(value.toLowerCase()))
}
