import type { Clock } from '../../contracts/clock.ts'
import type { Person } from '../../contracts/identity-provider.ts'
import type { OAuthRecord, OAuthRecords } from '../../contracts/storage.ts'
import type { AccessTokenVerifier, Subject, VerifiedAccessToken } from '../../contracts/subject.ts'
import { createPersonRecords, type RememberedPerson } from '../../identity/person-records.ts'
import { clientSubject } from '../../identity/subject-id.ts'
import { sha256 } from '../../lib/hash.ts'
import { isJsonObject, type JsonObject, stringMember } from '../../lib/json.ts'
import { Lru } from '../../lib/lru.ts'
import { isAccessToken } from './read-bearer-token.ts'

/** Looks up access tokens and remembers those that are valid. */
export interface CachingTokenVerifier extends AccessTokenVerifier {
  /** The token with this hash was destroyed. */
  readonly forgetToken: (idHash: string) => void
  /** Something about this person changed: their tokens are read anew at their next use. */
  readonly forgetSubject: (subject: string) => void
  /** Every token of this grant was destroyed. */
  readonly forgetGrant: (grantId: string) => void
  /** Any token may have been destroyed. */
  readonly forgetAll: () => void
}

/** What verification needs. */
export interface TokenVerifierOptions {
  readonly records: OAuthRecords
  readonly clock: Clock
  /** Tenant of a client that calls these resources on its own behalf; undefined when no such client may (any more). */
  readonly findClientTenant?:
    | ((clientId: string, resources: readonly string[]) => Promise<string | undefined>)
    | undefined
  /** False for people who would not be let in any more; absent: everybody is. Asked when a token is read from the store. */
  readonly isAdmitted?: ((subject: Subject, person: RememberedPerson | undefined) => boolean) | undefined
  /** Tokens remembered. Default 50,000. */
  readonly cacheSize?: number | undefined
}

type Refusal = 'token_invalid' | 'token_expired' | 'token_revoked'

const longestToken = 128

/**
 * Verifies opaque access tokens: one hash and one look-up in memory for a token seen before, the store otherwise. Revocation is
 * immediate, expiry is checked at every call, and refusals are not remembered, so that guesses cannot push out real tokens.
 */
export function createAccessTokenVerifier(options: TokenVerifierOptions): CachingTokenVerifier {
  const { records, clock } = options
  const cache = new Lru<string, VerifiedAccessToken>(options.cacheSize ?? 50_000)
  const revoked = new Lru<string, true>(10_000)
  const people = createPersonRecords(records, clock)
  let revocations = 0

  async function load(idHash: string): Promise<VerifiedAccessToken | Refusal> {
    const before = revocations
    const record = await records.find('AccessToken', idHash)
    if (!record) return loadOfClient(idHash, before)
    const verified = readAccessToken(record)
    if (!verified) return 'token_invalid'
    if (verified.expiresAtMs <= clock()) return 'token_expired'
    // A token may be saved just after its grant was revoked: without its grant it is worth nothing.
    if (!(await records.find('Grant', sha256(verified.grantId)))) return 'token_revoked'
    const person = await people.find(verified.subject.id, verified.subject.tenant)
    // Something was revoked meanwhile, perhaps this: look again.
    if (before !== revocations) return load(idHash)
    // Nobody signed in for an identity assertion: it was judged when it was exchanged, and its token ends soon.
    const { isAdmitted } = options
    if (isAdmitted && !isOfAssertion(record) && !isAdmitted(verified.subject, person)) return 'token_revoked'
    const described = person === undefined ? verified : describeSubject(verified, person)
    cache.set(idHash, described)
    return described
  }

  /** A token that a client received on its own behalf: there is no grant behind it, only the client. */
  async function loadOfClient(idHash: string, before: number): Promise<VerifiedAccessToken | Refusal> {
    const record = await records.find('ClientCredentials', idHash)
    if (!record) return revoked.has(idHash) ? 'token_revoked' : 'token_invalid'
    const verified = readClientToken(record)
    if (!verified) return 'token_invalid'
    if (verified.expiresAtMs <= clock()) return 'token_expired'
    const tenant = await options.findClientTenant?.(verified.subject.clientId, verified.audience)
    if (tenant !== record.tenant) return 'token_revoked'
    if (before !== revocations) return load(idHash)
    cache.set(idHash, verified)
    return verified
  }

  return {
    verify(token) {
      if (!isAccessToken(token) || token.length > longestToken) return 'token_invalid'
      const idHash = sha256(token)
      const cached = cache.get(idHash)
      if (cached === undefined) return load(idHash)
      if (cached.expiresAtMs > clock()) return cached
      cache.delete(idHash)
      return 'token_expired'
    },
    forgetToken(idHash) {
      revocations++
      revoked.set(idHash, true)
      cache.delete(idHash)
    },
    forgetSubject(id) {
      revocations++
      for (const [idHash, { subject }] of cache.entries()) if (subject.id === id) cache.delete(idHash)
    },
    forgetGrant(grantId) {
      revocations++
      for (const [idHash, { grantId: owner }] of cache.entries()) {
        if (owner !== grantId) continue
        revoked.set(idHash, true)
        cache.delete(idHash)
      }
    },
    forgetAll() {
      revocations++
      cache.clear()
    },
  }
}

function isOfAssertion({ payload }: OAuthRecord): boolean {
  const token: unknown = JSON.parse(payload)
  return isJsonObject(token) && token['gty'] === 'id_jag'
}

/** What the identity provider said about the person, for policies. */
function describeSubject(verified: VerifiedAccessToken, person: Person): VerifiedAccessToken {
  const { subject } = verified
  const { roles, groups, tenant, team } = person
  return {
    ...verified,
    subject: { ...subject, ...(team !== undefined && { team }), data: { ...subject.data, roles, groups, tenant } },
  }
}

/** The client is the subject. What a revocation names is the client too. */
function readClientToken(record: OAuthRecord): VerifiedAccessToken | undefined {
  const payload: unknown = JSON.parse(record.payload)
  const clientId = isJsonObject(payload) ? stringMember(payload, 'clientId') : undefined
  if (clientId === undefined) return undefined
  const owned = { ...(payload as JsonObject), accountId: clientSubject(clientId) }
  return readAccessToken({ ...record, grantId: clientId, payload: JSON.stringify(owned) })
}

function readAccessToken(record: OAuthRecord): VerifiedAccessToken | undefined {
  const payload: unknown = JSON.parse(record.payload)
  if (!isJsonObject(payload) || record.expiresAtMs === undefined || record.grantId === undefined) return undefined
  const id = stringMember(payload, 'accountId')
  const clientId = stringMember(payload, 'clientId')
  const audience = payload['aud']
  if (id === undefined || clientId === undefined || audience === undefined) return undefined
  return {
    subject: {
      id,
      tenant: record.tenant,
      clientId,
      scopes: (stringMember(payload, 'scope') ?? '').split(' '),
      data: { sub: id },
      revocableId: record.grantId,
    },
    audience: [audience].flat().filter((each) => typeof each === 'string'),
    expiresAtMs: record.expiresAtMs,
    grantId: record.grantId,
  }
}
