import type { Admission, ClaimPlaces, IdentityProviderSettings, Person } from '../contracts/identity-provider.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { nameProvider } from './known-subjects.ts'

/** What the claims of a person mean here. Undefined when a claim that names the person is missing or unusable. */
export function readPerson(
  claims: JsonObject,
  rules: Pick<IdentityProviderSettings, 'issuer' | 'subjectClaims' | 'claims'>,
): Person | undefined {
  const subject = readSubject(claims, rules.subjectClaims)
  if (subject === undefined) return undefined
  const { roles, groups, tenant, team = [] } = rules.claims
  return {
    subject,
    provider: nameProvider(rules),
    displayName: readText(claims['name']) ?? readText(claims['preferred_username']),
    email: readText(claims['email']) ?? readText(claims['preferred_username']),
    roles: readNames(findClaim(claims, roles)),
    groups: readNames(findClaim(claims, groups)),
    tenant: readNames(findClaim(claims, tenant))[0],
    team: readNames(findClaim(claims, team))[0],
    admission: readAdmission(claims, rules.claims),
  }
}

/** What allow-lists look at. Some providers write the text "true". */
export function readAdmission(claims: JsonObject, { tenant }: Pick<ClaimPlaces, 'tenant'>): Admission {
  const { email } = claims
  return {
    tenants: listNames(findClaim(claims, tenant)).slice(0, mostNames),
    hostedDomains: listNames(claims['hd']).slice(0, mostNames),
    emailDomain: typeof email === 'string' ? /^[^@]+@([^@]+)$/.exec(email)?.[1] : undefined,
    emailVerified: String(claims['email_verified']) === 'true',
  }
}

const longestSubject = 255
const mostNames = 500
const longestName = 256

function readSubject(claims: JsonObject, names: readonly string[]): string | undefined {
  const issuer = claims['iss']
  const parts = names.map((name) => claims[name])
  if (typeof issuer !== 'string' || !parts.every((part) => isIdentifier(part))) return undefined
  // Several claims are joined by a character that none of them contains, so that no two people can end up as the same text.
  if (parts.length > 1 && parts.some((part) => part.includes('.'))) return undefined
  return nameSubject(issuer, parts.join('.'))
}

/**
 * A subject by issuer and identifier. The issuer comes without scheme and closing slash: providers and their clients disagree about
 * the slash, and a person must not become another by it.
 */
export function nameSubject(issuer: string, identifier: string): string {
  return `${issuer.replace(/^https?:\/\//, '').replace(/\/$/, '')}|${identifier}`
}

/** True for what `nameSubject` may have made: an issuer whose subjects have no prefix could speak for people of every other one. */
export function namesIssuer(identifier: string): boolean {
  return /^[^|]*[.:/][^|]*\|/.test(identifier)
}

/** True for what may name a person: a text of at most 255 characters, none of them blank or invisible. */
export function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longestSubject && !/[\p{C}\p{Z}]/u.test(value)
}

/** The value at the first of the places where there is one. */
export function findClaim(claims: JsonObject, places: readonly string[]): unknown {
  for (const place of places) {
    const value = findAt(claims, place)
    if (value !== undefined && value !== null) return value
  }
  return undefined
}

/** Namespaced claims contain dots, so a claim of the whole name goes before the path. */
function findAt(claims: JsonObject, place: string): unknown {
  if (Object.hasOwn(claims, place)) return claims[place]
  if (place.startsWith('*')) {
    const name = Object.keys(claims).find((each) => each.endsWith(place.slice(1)))
    return name === undefined ? undefined : claims[name]
  }
  let value: unknown = claims
  for (const step of place.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, step)) return undefined
    value = value[step]
  }
  return value
}

/** A claim as a list of names, whichever way the provider writes it: one text, a list, a list of objects, or an object by name. */
export function readNames(value: unknown): readonly string[] {
  const names = listNames(value).map((name) => readText(name))
  return [...new Set(names.filter((name) => name !== undefined))].slice(0, mostNames)
}

/** The same names as the provider wrote them, for decisions: with an invisible character in it, a name is another name. */
function listNames(value: unknown): readonly string[] {
  const entries = Array.isArray(value) ? value : isJsonObject(value) ? Object.keys(value) : [value]
  const names = entries.map((entry: unknown) => (isJsonObject(entry) ? (entry['name'] ?? entry['id']) : entry))
  return names.filter((name) => typeof name === 'string')
}

function readText(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  // Names are shown on pages and in events.
  const text = value.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '').trim()
  return text === '' || text.length > longestName ? undefined : text
}
