import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../contracts/clock.ts'
import type { Admission, Person } from '../contracts/identity-provider.ts'
import type { OAuthRecord, OAuthRecords } from '../contracts/storage.ts'
import { sha256 } from '../lib/hash.ts'
import { isJsonObject, stringMember } from '../lib/json.ts'

const model = 'Person'

/** A person whose last sign-in is remembered. */
export interface RememberedPerson extends Person {
  /** Milliseconds since the epoch. */
  readonly signedInAtMs: number
}

/** What identity providers said about people, kept as long as anything granted by them may live. */
export interface PersonRecords {
  find(subject: string): Promise<RememberedPerson | undefined>
  /** Remembers a sign-in that happens now. Returns true when something about the person changed. */
  remember(person: Person, ttlSeconds: number): Promise<boolean>
}

/** People in the records of the authorization server. */
export function createPersonRecords(records: OAuthRecords, clock: Clock): PersonRecords {
  return {
    async find(subject) {
      const record = await records.find(model, sha256(subject))
      return record && readPersonRecord(record)
    },
    async remember(person, ttlSeconds) {
      const idHash = sha256(person.subject)
      const known = await records.find(model, idHash)
      const signedInAtMs = clock()
      const payload = JSON.stringify({ ...person, signedInAtMs })
      const expiresAtMs = signedInAtMs + ttlSeconds * 1000
      await records.upsert({
        model,
        idHash,
        grantId: undefined,
        uid: undefined,
        payload,
        expiresAtMs,
        consumedAtMs: undefined,
      })
      return (
        known === undefined ||
        !isDeepStrictEqual({ ...readPersonRecord(known), signedInAtMs }, { ...person, signedInAtMs })
      )
    },
  }
}

function readPersonRecord(record: OAuthRecord): RememberedPerson | undefined {
  const payload: unknown = JSON.parse(record.payload)
  const subject = isJsonObject(payload) ? stringMember(payload, 'subject') : undefined
  if (!isJsonObject(payload) || subject === undefined) return undefined
  return {
    subject,
    provider: stringMember(payload, 'provider') ?? '',
    displayName: stringMember(payload, 'displayName'),
    email: stringMember(payload, 'email'),
    roles: readList(payload['roles']),
    groups: readList(payload['groups']),
    tenant: stringMember(payload, 'tenant'),
    admission: readAdmission(payload['admission']),
    signedInAtMs: typeof payload['signedInAtMs'] === 'number' ? payload['signedInAtMs'] : 0,
  }
}

function readAdmission(value: unknown): Admission {
  const { tenants, hostedDomains, emailDomain, emailVerified } = isJsonObject(value) ? value : {}
  return {
    tenants: readList(tenants),
    hostedDomains: readList(hostedDomains),
    emailDomain: typeof emailDomain === 'string' ? emailDomain : undefined,
    emailVerified: emailVerified === true,
  }
}

function readList(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
