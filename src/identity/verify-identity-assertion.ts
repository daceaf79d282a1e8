import type { JWTPayload } from 'jose'
import type { Clock } from '../contracts/clock.ts'
import type { TrustedAssertionIssuer } from '../contracts/identity-assertion.ts'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import { createCallAuthorizationServer } from '../http/call-authorization-server.ts'
import { findDisallowed } from './check-allowed.ts'
import { claimedTenant } from './claimed-tenant.ts'
import { isIdentifier, nameSubject, namesIssuer, readAdmission } from './read-claims.ts'
import { createRemoteKeySet } from './remote-key-set.ts'
import { isJwt, peekClaims } from './verify-jwt.ts'

/** What a valid identity assertion says. */
export interface IdentityAssertion {
  readonly issuer: string
  /** Subject as the gateway knows it. */
  readonly subject: string
  /** That it, or the operator, names; undefined: that of the virtual server. */
  readonly tenant: string | undefined
  readonly clientId: string
  readonly resource: string
  /** Undefined: the issuer leaves the scopes to this server. */
  readonly scopes: readonly string[] | undefined
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number
}

/** Verifies identity assertions; the refusal is for the operator. */
export type VerifyIdentityAssertion = (assertion: string) => Promise<IdentityAssertion | { readonly refusal: string }>

const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const requiredClaims = ['iss', 'sub', 'aud', 'client_id', 'resource', 'jti', 'iat', 'exp']
const longestAssertion = 16 * 1024
/** An assertion is made for one exchange: an old one was kept by somebody. */
const maxAgeSeconds = 10 * 60
const clockToleranceSeconds = 5
const timeoutMs = 10_000

/** Makes the verifier for some trusted issuers; `audience` is the issuer identifier of this authorization server. */
export function createAssertionVerifier(
  issuers: readonly TrustedAssertionIssuer[],
  audience: string,
  clock: Clock,
): VerifyIdentityAssertion {
  const trusted = new Map(issuers.map((issuer) => [issuer.issuer, { issuer, findKey: findKeysOf(issuer, clock) }]))
  return async (assertion) => {
    if (assertion.length > longestAssertion || !isJwt(assertion)) return { refusal: 'it is not a JWT, or too large' }
    const claimed = peekClaims(assertion)?.['iss']
    const known = typeof claimed === 'string' ? trusted.get(claimed) : undefined
    if (known === undefined) return { refusal: 'its issuer is not trusted' }
    const { jwtVerify } = await import('jose')
    try {
      const { payload } = await jwtVerify(assertion, known.findKey, {
        typ: 'oauth-id-jag+jwt',
        issuer: known.issuer.issuer,
        audience,
        algorithms,
        requiredClaims,
        maxTokenAge: maxAgeSeconds,
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(clock()),
      })
      return readAssertion(payload, known.issuer)
    } catch (error) {
      if (error instanceof GatewayError) return { refusal: asGatewayError(error).details.detail ?? error.message }
      return { refusal: error instanceof Error ? error.message : String(error) }
    }
  }
}

function findKeysOf({ issuer, jwksUrl }: TrustedAssertionIssuer, clock: Clock) {
  const hosts = [issuer, jwksUrl].flatMap((url) => (url === undefined ? [] : (URL.parse(url)?.host ?? [])))
  const call = createCallAuthorizationServer({
    unreachable: 'identity_provider_unreachable',
    trustedHosts: new Set(hosts),
    allowLoopbackHttp: true,
  })
  return createRemoteKeySet({ issuer, jwksUrl, call, timeoutMs, clock })
}

function readAssertion(
  claims: JWTPayload,
  { issuer, expectedClientIds, subjectMapping, signIn, tenant }: TrustedAssertionIssuer,
): IdentityAssertion | { readonly refusal: string } {
  const { sub, client_id: clientId, resource, scope, jti, exp = 0, aud } = claims
  if (!isIdentifier(sub) || !isText(clientId) || !isText(resource) || !isText(jti)) {
    return { refusal: 'sub, client_id, resource and jti must be texts' }
  }
  if (subjectMapping === 'sub_id_only' && namesIssuer(sub)) return { refusal: 'sub names a person of an issuer' }
  // RFC 7800: it counts only together with a proof, which this gateway does not take.
  if (claims['cnf'] !== undefined) return { refusal: 'it is bound to a key of the client (cnf)' }
  // Several audiences would let each of them use it at the others.
  if (typeof aud !== 'string' && aud?.length !== 1) return { refusal: 'it has several audiences' }
  if (scope !== undefined && typeof scope !== 'string') return { refusal: 'scope must be a text' }
  if (expectedClientIds && !expectedClientIds.includes(clientId)) return { refusal: 'the client is not expected' }
  const disallowed = signIn && findDisallowed(claims, signIn.allow, signIn.claims, signIn.tenants)
  if (disallowed !== undefined) return { refusal: disallowed }
  const claimed = signIn?.tenants && claimedTenant(readAdmission(claims, signIn.claims), signIn.tenants)
  if (tenant !== undefined && claimed !== undefined && tenant !== claimed)
    return { refusal: 'its subject is of another tenant' }
  return {
    issuer,
    subject: subjectMapping === 'sub_id_only' ? sub : nameSubject(issuer, sub),
    tenant: tenant ?? claimed,
    clientId,
    resource,
    scopes: scope?.split(' ').filter(Boolean),
    id: jti,
    expiresAtMs: (exp + clockToleranceSeconds) * 1000,
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
