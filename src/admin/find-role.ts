import type { AdminSettings } from '../config/settings/admin.ts'
import type { Person } from '../contracts/identity-provider.ts'
import { type AdminRole, adminRoles } from './operation.ts'

/** True when a role includes what another one may do. */
export function includesRole(role: AdminRole, needed: AdminRole): boolean {
  return adminRoles.indexOf(role) >= adminRoles.indexOf(needed)
}

/** The highest role that `admin.roles` gives somebody; undefined: none. `person` is absent where people are known by subject alone. */
export function findRole(
  subject: string,
  person: Person | undefined,
  roles: AdminSettings['roles'],
): AdminRole | undefined {
  const email = person && verifiedEmail(person)
  return adminRoles.toReversed().find((role) => {
    const holders = roles[role]
    return (
      holders.subjects.includes(subject) ||
      (email !== undefined && holders.emails.some((each) => each.toLowerCase() === email)) ||
      (person?.groups.some((group) => holders.groups.includes(group)) ?? false) ||
      (person?.roles.some((each) => holders.roles.includes(each)) ?? false)
    )
  })
}

/** An address that the provider did not verify is whatever the person typed there. */
function verifiedEmail({ email, admission }: Person): string | undefined {
  const domain = admission.emailDomain?.toLowerCase()
  const address = email?.toLowerCase()
  const isVerified = admission.emailVerified && domain !== undefined && address?.endsWith(`@${domain}`)
  return isVerified ? address : undefined
}
