import type { IdentityProviderSettings } from '../contracts/identity-provider.ts'
import { judgeAdmission } from './judge-admission.ts'
import type { PersonRecords } from './person-records.ts'

/** How people sign in now. */
export interface SignInNow {
  readonly devLogin: boolean
  readonly identityProvider: IdentityProviderSettings | undefined
  /** Milliseconds since the epoch. */
  readonly timeMs: number
}

/**
 * True for a subject that the present way of signing in could have named. Somebody who signed in by dev login, or at a provider that
 * is not configured any more, or too long ago, or whom the lists of who may sign in do not name any more, has no account here, whatever browser session or refresh token is left of it.
 */
export async function isKnownSubject(subject: string, now: SignInNow, people: PersonRecords): Promise<boolean> {
  // Names of dev login cannot contain the sign that stands between issuer and identifier.
  if (now.devLogin) return !subject.includes('|')
  if (now.identityProvider === undefined) return false
  const person = await people.find(subject)
  if (person === undefined || person.provider !== nameProvider(now.identityProvider)) return false
  const { signInAgainAfterSeconds, allow } = now.identityProvider
  if (judgeAdmission(person.admission, allow) !== undefined) return false
  return signInAgainAfterSeconds === undefined || now.timeMs - person.signedInAtMs < signInAgainAfterSeconds * 1000
}

/** The configured issuer; one that was written with a closing slash and then without is the same. */
export function nameProvider({ issuer }: Pick<IdentityProviderSettings, 'issuer'>): string {
  return issuer.replace(/\/$/, '')
}
