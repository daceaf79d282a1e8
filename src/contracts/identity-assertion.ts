import type { AllowLists, ClaimPlaces, TenantRules } from './identity-provider.ts'

/** Whose identity assertions (ID-JAG) are exchanged for access tokens. */
export interface TrustedAssertionIssuer {
  readonly issuer: string
  /** Where its keys are; without it, where its metadata says. */
  readonly jwksUrl?: string | undefined
  /** Client ids that it may speak for; any if absent. */
  readonly expectedClientIds?: readonly string[] | undefined
  /** `iss_prefix`: subjects are `<issuer without scheme>|<sub>`, so that no two issuers mean the same person. `sub_id_only`: `sub` alone. */
  readonly subjectMapping: 'iss_prefix' | 'sub_id_only'
  /** People also sign in there: who may not must not come in by an assertion either, whose claims have to show it. */
  readonly signIn?:
    | { readonly allow: AllowLists; readonly claims: ClaimPlaces; readonly tenants?: TenantRules | undefined }
    | undefined
  /** Tenant of everybody that it speaks for; absent: as the claims say, or that of the virtual server. */
  readonly tenant?: string | undefined
}
