import { GatewayError } from '../errors/gateway-error.ts'
import { findKnownSubject } from '../identity/known-subjects.ts'
import { createPersonRecords } from '../identity/person-records.ts'
import type { AdminHost } from './admin-host.ts'
import { findRole } from './find-role.ts'
import type { AdminRole } from './operation.ts'
import type { AdminSession } from './sessions.ts'

/**
 * The role that somebody has now; a `GatewayError` for who has none. Who left the project's lists, or whom the identity provider's last sign-in
 * no longer puts there, is out at the next request.
 */
export async function authorizePerson(subject: string, host: AdminHost): Promise<AdminRole | GatewayError> {
  const { settings, signIn } = host.project()
  if (signIn === undefined) return new GatewayError('admin_not_allowed', { detail: 'nobody signs in to this project' })
  const people = createPersonRecords(host.storage.oauth, host.clock)
  const { devLogin, identityProvider } = signIn
  const known = await findKnownSubject(subject, { devLogin, identityProvider, timeMs: host.clock() }, people)
  if (known === undefined) return new GatewayError('admin_not_allowed', { detail: 'the person is not known any more' })
  const person = devLogin ? undefined : await people.find(subject)
  return findRole(subject, person, settings.admin.roles) ?? new GatewayError('admin_not_allowed')
}

/** The role of a session. Whoever came by a one-time link holds the data directory, so there is nothing that they could not do. */
export function authorizeSession(
  session: AdminSession,
  host: AdminHost,
): Promise<AdminRole | GatewayError> | AdminRole {
  return session.signedInBy === 'local-link' ? 'owner' : authorizePerson(session.subject, host)
}
