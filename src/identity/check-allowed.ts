import type { AllowLists, ClaimPlaces, TenantRules } from '../contracts/identity-provider.ts'
import type { JsonObject } from '../lib/json.ts'
import { judgeAdmission } from './judge-admission.ts'
import { readAdmission } from './read-claims.ts'

/** Why a person may not sign in, for the event; undefined when they may. */
export function findDisallowed(
  claims: JsonObject,
  allow: AllowLists,
  places: ClaimPlaces,
  rules?: TenantRules,
): string | undefined {
  return judgeAdmission(readAdmission(claims, places), allow, rules)
}
