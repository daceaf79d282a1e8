import type { IdentityProviderSettings } from '../contracts/identity-provider.ts'
import { claimedTenant } from './claimed-tenant.ts'
import { judgeAdmission } from './judge-admission.ts'
import type { PersonRecords, RememberedPerson } from './person-records.ts'

/** How people sign in now. */
export interface SignInNow {
  readonly devLogin: boolean
  readonly identityProvider: IdentityProviderSettings | undefined
  /** Milliseconds since the epoch. */
  readonly timeMs: number
}

/** Somebody whom the present way of signing in knows. */
export interface KnownSubject {
  /** The tenant that their claims name; undefined where claims name none. */
  readonly tenant: string | undefined
}

/**
 * A subject that the present way of signing in could have named. Somebody who signed in by dev login, or at a provider that is not
 * configured any more, or too long ago, or whom the lists of who may sign in do not name any more, has no account here, whatever
 * browser session or refresh token is left of it. With `tenant`, as they last signed in there.
 */
export async function findKnownSubject(
  subject: string,
  now: SignInNow,
  people: PersonRecords,
  tenant?: string,
): Promise<KnownSubject | undefined> {
  const person = now.devLogin ? undefined : await people.find(subject, tenant)
  if (!isAdmitted(subject, person, now, tenant)) return undefined
  if (person === undefined || now.identityProvider === undefined) return { tenant: undefined }
  const { signInAgainAfterSeconds = Number.POSITIVE_INFINITY, tenants } = now.identityProvider
  if (now.timeMs - person.signedInAtMs >= signInAgainAfterSeconds * 1000) return undefined
  return { tenant: tenants && claimedTenant(person.admission, tenants) }
}

/** True for somebody whom the present way of signing in would let in, and in this tenant if one is given, however long ago they signed in. */
export function isAdmitted(
  subject: string,
  person: RememberedPerson | undefined,
  { devLogin, identityProvider }: Omit<SignInNow, 'timeMs'>,
  tenant?: string,
): boolean {
  // Names of dev login cannot contain the sign that stands between issuer and identifier.
  if (devLogin) return !subject.includes('|')
  if (identityProvider === undefined || person?.provider !== nameProvider(identityProvider)) return false
  const { allow, tenants } = identityProvider
  if (judgeAdmission(person.admission, allow, tenants) !== undefined) return false
  return tenant === undefined || tenants === undefined || claimedTenant(person.admission, tenants) === tenant
}

/** The configured issuer; one that was written with a closing slash and then without is the same. */
export function nameProvider({ issuer }: Pick<IdentityProviderSettings, 'issuer'>): string {
  return issuer.replace(/\/$/, '')
}
