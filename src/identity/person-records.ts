import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../contracts/clock.ts'
import type { Admission, Person } from '../contracts/identity-provider.ts'
import type { OAuthRecord, OAuthRecords } from '../contracts/storage.ts'
import { sha256 } from '../lib/hash.ts'
import { isJsonObject, stringMember } from '../lib/json.ts'
import { defaultTenant } from '../lib/tenant.ts'

const model = 'Person'
const mostListed = 100_000

/** A person whose last sign-in is remembered. */
export interface RememberedPerson extends Person {
  /** The tenant that their claims named then. */
  readonly claimedTenant: string | undefined
  /** Milliseconds since the epoch. */
  readonly signedInAtMs: number
}

/**
 * What identity providers said about people, kept as long as anything granted by them may live. Somebody whose claims name one tenant
 * today and another one tomorrow is remembered in each: roles in one are none in the other.
 */
export interface PersonRecords {
  /** As of the last sign-in; with a tenant, as of the last one there. */
  find(subject: string, tenant?: string): Promise<RememberedPerson | undefined>
  /** Everybody who is remembered, as of their last sign-in, the latest first. */
  list(): Promise<readonly RememberedPerson[]>
  /** Remembers a sign-in that happens now. Returns true when something about the person changed. */
  remember(person: Person, claimedTenant: string | undefined, ttlSeconds: number): Promise<boolean>
}

/** People in the records of the authorization server. */
export function createPersonRecords(records: OAuthRecords, clock: Clock): PersonRecords {
  const read = async (idHash: string) => {
    const record = await records.find(model, idHash)
    return record && readPersonRecord(record)
  }
  const find: PersonRecords['find'] = async (subject, tenant) => {
    const latest = await read(sha256(subject))
    const fits = tenant === undefined || latest?.claimedTenant === undefined || latest.claimedTenant === tenant
    return fits ? latest : read(keyWithin(tenant, subject))
  }
  return {
    find,
    async list() {
      const people = (await records.list(model, mostListed)).flatMap((record) => readPersonRecord(record) ?? [])
      const latestFirst = people.toSorted((one, other) => other.signedInAtMs - one.signedInAtMs)
      // Somebody in several tenants has a record in each.
      return [...new Map(latestFirst.toReversed().map((person) => [person.subject, person])).values()].toReversed()
    },
    async remember(person, claimedTenant, ttlSeconds) {
      const known = await find(person.subject, claimedTenant)
      const signedInAtMs = clock()
      const remembered = { ...person, claimedTenant, signedInAtMs }
      const content = { payload: JSON.stringify(remembered), expiresAtMs: signedInAtMs + ttlSeconds * 1000 }
      const unset = { grantId: undefined, uid: undefined, consumedAtMs: undefined }
      const idHash = sha256(person.subject)
      if (claimedTenant !== undefined) {
        const within = keyWithin(claimedTenant, person.subject)
        await records.upsert({ model, tenant: claimedTenant, idHash: within, ...content, ...unset })
      }
      await records.upsert({ model, tenant: defaultTenant, idHash, ...content, ...unset })
      return known === undefined || !isDeepStrictEqual({ ...known, signedInAtMs }, remembered)
    },
  }
}

function keyWithin(tenant: string, subject: string): string {
  return sha256(JSON.stringify([tenant, subject]))
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
    team: stringMember(payload, 'team'),
    admission: readAdmission(payload['admission']),
    claimedTenant: stringMember(payload, 'claimedTenant'),
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
