import type { Clock } from '../contracts/clock.ts'
import type { Storage } from '../contracts/storage.ts'
import { findAdminOrigin } from './admin-origin.ts'
import { issueTicket } from './tickets.ts'

/** How long a link works. Minutes. */
export const linkMinutes = 10

/**
 * A link that signs whoever opens it in as an owner, once. `subject` is `operator:<name>` of whoever holds the data directory. Undefined when no
 * gateway ever opened an admin listener on this store.
 */
export async function createConsoleLink(
  storage: Pick<Storage, 'oauth'>,
  subject: string,
  clock: Clock,
): Promise<string | undefined> {
  const origin = await findAdminOrigin(storage)
  if (origin === undefined) return undefined
  const token = await issueTicket({ kind: 'link', subject }, storage.oauth, clock)
  return `${origin}/api/admin/session/link?token=${token}`
}
