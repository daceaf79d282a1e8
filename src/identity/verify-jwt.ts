import type { errors as Errors, JWTPayload, JWTVerifyGetKey } from 'jose'
import type { Clock } from '../contracts/clock.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { sha256 } from '../lib/hash.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { Lru } from '../lib/lru.ts'

/** Signature algorithms with a public key. Neither `none` nor HMAC: who can read the key could sign with it. */
export const jwtAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

/** What makes a JWT valid here. */
export interface JwtVerifierOptions {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly algorithms: readonly (typeof jwtAlgorithms)[number][]
  readonly clockToleranceSeconds: number
  /** Claims that must be there, with one of these values; an empty list accepts any value. */
  readonly requiredClaims: { readonly [claim: string]: readonly unknown[] }
  readonly findKey: JWTVerifyGetKey
  readonly clock: Clock
}

/** Why a JWT is not valid. */
export type JwtRefusal = {
  readonly reason: 'token_invalid' | 'token_expired' | 'token_wrong_audience' | 'token_key_bound'
  /** For the operator. */
  readonly detail: string
}

/** Claims of a valid token, or why it is not. Undefined: of another issuer. */
export type JwtOutcome = { readonly claims: JsonObject } | JwtRefusal | undefined

/** Verifies JWTs of one issuer. */
export interface JwtVerifier {
  /** Without a promise for a token that was verified before. Rejects with a `GatewayError` when the keys cannot be had. */
  verify(token: string): JwtOutcome | Promise<JwtOutcome>
}

const longestToken = 12 * 1024
const mostRemembered = 10_000
/** A verified token is not verified again for this long: until then a key that the issuer withdrew is still honoured. */
const rememberedMs = 5 * 60 * 1000

interface Remembered {
  readonly outcome: { readonly claims: JsonObject }
  /** The earlier of the token's expiry and the end of its place in memory. */
  readonly untilMs: number
}

/** True for what has the shape of a signed JWT, valid or not. */
export function isJwt(token: string): boolean {
  return /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/.test(token)
}

/** Makes a verifier. A signature is checked once; then the token is known by its hash until it expires, for five minutes at most. */
export function createJwtVerifier(options: JwtVerifierOptions): JwtVerifier {
  const { clock } = options
  const remembered = new Lru<string, Remembered>(mostRemembered)
  const check = async (token: string, hash: string): Promise<JwtOutcome> => {
    const outcome = await verifyOnce(token, options)
    if (!('claims' in outcome)) return outcome
    const expiresAtMs = ((outcome.claims.exp ?? 0) + options.clockToleranceSeconds) * 1000
    remembered.set(hash, { outcome, untilMs: Math.min(expiresAtMs, clock() + rememberedMs) })
    return outcome
  }
  return {
    verify(token) {
      if (token.length > longestToken) return refuse('token_invalid', 'the token is too large')
      const hash = sha256(token)
      const known = remembered.get(hash)
      if (known !== undefined && clock() < known.untilMs) return known.outcome
      const claims = peekClaims(token)
      if (claims === undefined) return refuse('token_invalid', 'the token is not a JWT')
      return claims['iss'] === options.issuer ? check(token, hash) : undefined
    },
  }
}

async function verifyOnce(token: string, options: JwtVerifierOptions): Promise<{ claims: JWTPayload } | JwtRefusal> {
  const { issuer, audience, algorithms, clockToleranceSeconds, findKey, clock } = options
  // Loaded with the first token: most gateways never see one, and it takes 25 ms.
  const jose = await import('jose')
  try {
    const { payload, protectedHeader } = await jose.jwtVerify(token, findKey, {
      issuer,
      audience: [...audience],
      algorithms: [...algorithms],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(clock()),
      requiredClaims: ['exp'],
    })
    if (!isCallersToken(protectedHeader.typ)) return refuse('token_invalid', 'the token is of another type')
    // RFC 7800: whoever has the token alone is not its holder. This gateway takes no proof, so it must not take the token.
    if (payload['cnf'] !== undefined) return refuse('token_key_bound', 'the token has the claim "cnf"')
    const missing = Object.entries(options.requiredClaims).find(([claim, values]) => !hasClaim(payload, claim, values))
    return missing
      ? refuse('token_invalid', `the claim "${missing[0]}" is missing or not accepted`)
      : { claims: payload }
  } catch (error) {
    if (error instanceof GatewayError) throw error
    return explain(error, jose.errors)
  }
}

const tokenTypes: ReadonlySet<string> = new Set(['jwt', 'at+jwt'])

/**
 * RFC 8725 §3.11: what an issuer signs for another purpose (logout tokens, identity assertions, security events) may have the same
 * issuer, audience and subject. Tokens without a type are too common to refuse.
 */
function isCallersToken(typ: string | undefined): boolean {
  return typ === undefined || tokenTypes.has(typ.toLowerCase().replace(/^application\//, ''))
}

/** A claim with several values, such as `groups`, has to hold one of those that are accepted. */
function hasClaim(payload: JWTPayload, claim: string, accepted: readonly unknown[]): boolean {
  const value = Object.hasOwn(payload, claim) ? payload[claim] : undefined
  if (value === undefined || value === null) return false
  return accepted.length === 0 || [value].flat().some((each) => accepted.includes(each))
}

/** Sentences of jose name rules and claims, never values. */
function explain(error: unknown, errors: typeof Errors): JwtRefusal {
  const detail = error instanceof Error ? error.message : String(error)
  if (error instanceof errors.JWTExpired) return refuse('token_expired', detail)
  const wrongAudience = error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud'
  return refuse(wrongAudience ? 'token_wrong_audience' : 'token_invalid', detail)
}

function refuse(reason: JwtRefusal['reason'], detail: string): JwtRefusal {
  return { reason, detail }
}

/** The claims before anything is verified: only to see whose token it is. */
export function peekClaims(token: string): JsonObject | undefined {
  const [, payload = ''] = token.split('.')
  try {
    const parsed: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return isJsonObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
