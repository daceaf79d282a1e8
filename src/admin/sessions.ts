import type { Clock } from '../contracts/clock.ts'
import type { OAuthRecord, OAuthRecords } from '../contracts/storage.ts'
import { sha256 } from '../lib/hash.ts'
import { randomToken } from '../lib/random-id.ts'
import { defaultTenant } from '../lib/tenant.ts'

const model = 'AdminSession'

/** How old the note of the last request may be. Milliseconds. */
const noteEveryMs = 30_000

/** Somebody who is signed in to the console. Which role they have is asked at every request. */
export interface AdminSession {
  readonly subject: string
  readonly tenant: string
  readonly name: string
  readonly signedInBy: 'identity-provider' | 'local-link'
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

interface StoredSession extends AdminSession {
  readonly lastSeenMs: number
}

/** How long sessions last. Milliseconds. */
export interface SessionLifetimes {
  readonly idleMs: number
  readonly totalMs: number
}

/** Sessions of the console. The store keeps hashes, so whoever reads it cannot take one over. */
export interface AdminSessions {
  /** A new session under a new id, which is returned for the cookie. */
  begin(person: Pick<AdminSession, 'subject' | 'tenant' | 'name' | 'signedInBy'>): Promise<string>
  /** The session with this id; undefined when it ended. `isVisit`: the request counts as one of the person's. */
  find(id: string, isVisit: boolean): Promise<AdminSession | undefined>
  end(id: string): Promise<void>
}

/** Sessions in the records of the gateway, under the lifetimes of the running project. */
export function createAdminSessions(
  records: OAuthRecords,
  clock: Clock,
  lifetimes: () => SessionLifetimes,
): AdminSessions {
  const write = (idHash: string, session: StoredSession) => records.upsert(recordOf(idHash, session))
  return {
    async begin(person) {
      const id = randomToken()
      const createdAtMs = clock()
      const expiresAtMs = createdAtMs + lifetimes().totalMs
      await write(sha256(id), { ...person, createdAtMs, expiresAtMs, lastSeenMs: createdAtMs })
      return id
    },
    async find(id, isVisit) {
      const idHash = sha256(id)
      const record = await records.find(model, idHash)
      if (record === undefined) return undefined
      const session = JSON.parse(record.payload) as StoredSession
      const now = clock()
      const { idleMs, totalMs } = lifetimes()
      // Both lifetimes may have been made shorter since.
      if (now >= Math.min(session.createdAtMs + totalMs, session.expiresAtMs) || now - session.lastSeenMs >= idleMs) {
        await records.destroy(model, idHash)
        return undefined
      }
      if (isVisit && now - session.lastSeenMs >= Math.min(noteEveryMs, idleMs / 4))
        await records.replacePayload(model, idHash, record.payload, JSON.stringify({ ...session, lastSeenMs: now }))
      return session
    },
    end: (id) => records.destroy(model, sha256(id)),
  }
}

function recordOf(idHash: string, session: StoredSession): OAuthRecord {
  return {
    model,
    tenant: defaultTenant,
    idHash,
    grantId: undefined,
    uid: undefined,
    payload: JSON.stringify(session),
    expiresAtMs: session.expiresAtMs,
    consumedAtMs: undefined,
  }
}
