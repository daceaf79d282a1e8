import type { Authentication } from '../../contracts/authentication.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { PolicyType } from '../../contracts/policy.ts'
import type { Subject } from '../../contracts/subject.ts'
import { asGatewayError, GatewayError } from '../../errors/gateway-error.ts'
import type { ReasonCode } from '../../errors/reasons.ts'
import { createCallAuthorizationServer } from '../../http/call-authorization-server.ts'
import { claimedTenant } from '../../identity/claimed-tenant.ts'
import { nameSubject, namesIssuer, readAdmission } from '../../identity/read-claims.ts'
import { createRemoteKeySet } from '../../identity/remote-key-set.ts'
import { createJwtVerifier, isJwt, type JwtOutcome, type JwtVerifier } from '../../identity/verify-jwt.ts'
import type { JsonObject } from '../../lib/json.ts'
import { realmChallenge } from '../../oauth/resource-server/challenge.ts'
import { carriesToken } from '../../oauth/resource-server/read-bearer-token.ts'
import { type OpenIdJwtOptions, openIdJwtOptions } from './options.ts'

/** `open-id-jwt-auth-inbound`: callers present a JWT of an issuer of the operator's own. */
export const openIdJwtAuthInbound: PolicyType<OpenIdJwtOptions> = {
  type: 'open-id-jwt-auth-inbound',
  exportName: 'OpenIdJwtInboundPolicy',
  summary: 'Admits callers that present a signed JWT of an issuer of your own, e.g. of your application.',
  options: openIdJwtOptions,
  reasons: [
    'token_missing',
    'token_invalid',
    'token_expired',
    'token_wrong_audience',
    'token_misplaced',
    'token_key_bound',
    'identity_provider_unreachable',
  ],
  sendsNothingUpstream: true,
  authenticates: true,
  bareSubjectIssuers: ({ issuer, subjectMapping }) => (subjectMapping === 'sub_id_only' ? [issuer] : []),
  admitsAnonymous: (options) => options.allowUnauthenticatedRequests,
  create: (options) => ({ authentication: createAuthentication(options, createVerifier(options)) }),
}

function createVerifier(options: OpenIdJwtOptions): JwtVerifier {
  const { issuer, audience, algorithms, clockToleranceSeconds, jwkUrl: jwksUrl, remoteTimeoutMs: timeoutMs } = options
  const staleMs = options.staleKeysSeconds * 1000
  const hosts = [issuer, jwksUrl].flatMap((url) => (url === undefined ? [] : new URL(url).host))
  const call = createCallAuthorizationServer({
    unreachable: 'identity_provider_unreachable',
    trustedHosts: new Set(hosts),
    allowLoopbackHttp: true,
  })
  const findKey = createRemoteKeySet({ issuer, jwksUrl, call, timeoutMs, staleMs, clock: Date.now })
  const requiredClaims = Object.fromEntries(
    Object.entries(options.requiredClaims).map(([claim, values]) => [claim, [values].flat()]),
  )
  const rules = { issuer, audience, algorithms, clockToleranceSeconds, requiredClaims }
  return createJwtVerifier({ ...rules, findKey, clock: Date.now })
}

const scheme = 'bearer '

function createAuthentication(options: OpenIdJwtOptions, verifier: JwtVerifier): Authentication {
  const { authHeader } = options
  const readHeader = ({ headers }: Exchange) => {
    const value = headers[authHeader]
    return typeof value === 'string' ? value : undefined
  }
  const settle = (outcome: JwtOutcome, routeTenant: string): Subject | GatewayError | undefined => {
    if (outcome === undefined) return undefined
    return 'claims' in outcome
      ? toSubject(outcome.claims, options, routeTenant)
      : refuse(outcome.reason, outcome.detail)
  }
  return {
    allowsAnonymous: options.allowUnauthenticatedRequests,
    invitesSignIn: false,
    isPresented: (exchange) => readHeader(exchange) !== undefined,
    // Called for every request: no promise and no signature check when the token was verified before.
    authenticate(exchange) {
      if (carriesToken(exchange.search)) return refuse('token_misplaced')
      const token = readToken(readHeader(exchange))
      if (token === undefined) return undefined
      const outcome = verifier.verify(token)
      const { tenant } = exchange
      if (outcome instanceof Promise) return outcome.then((settled) => settle(settled, tenant), asGatewayError)
      return settle(outcome, tenant)
    },
    withhold(exchange) {
      const value = readHeader(exchange)
      if (readToken(value) !== undefined && exchange.upstreamHeaders.get(authHeader) === value)
        exchange.upstreamHeaders.remove(authHeader)
    },
    refuse(exchange) {
      if (readHeader(exchange) === undefined) return refuse('token_missing')
      return refuse('token_invalid', `${authHeader} holds no JWT of ${options.issuer}`)
    },
  }
}

/** What has the shape of a JWT after the word `Bearer`. */
function readToken(value: string | undefined): string | undefined {
  if (value?.slice(0, scheme.length).toLowerCase() !== scheme) return undefined
  const token = value.slice(scheme.length).trim()
  return isJwt(token) ? token : undefined
}

/** `routeTenant` is where callers are of whom nothing else says it. */
function toSubject(claims: JsonObject, options: OpenIdJwtOptions, routeTenant: string): Subject | GatewayError {
  const { subPropertyName, subjectMapping, issuer } = options
  const name = Object.hasOwn(claims, subPropertyName) ? claims[subPropertyName] : undefined
  if (typeof name !== 'string' || name === '')
    return refuse('token_invalid', `the claim "${subPropertyName}" is no text`)
  if (subjectMapping === 'sub_id_only' && namesIssuer(name))
    return refuse('token_invalid', `the claim "${subPropertyName}" names a person of an issuer`)
  // Otherwise one issuer could speak for the people of another, and for consumers.
  const id = subjectMapping === 'iss_prefix' ? nameSubject(issuer, name) : name
  const tenant = options.tenants ? readTenant(claims, options.tenants) : (options.tenant ?? routeTenant)
  if (tenant === undefined)
    return refuse('token_invalid', `the claim "${options.tenants?.claim}" does not name one tenant of this gateway`)
  const client = [claims['azp'], claims['client_id']].find((each) => typeof each === 'string')
  return { id, tenant, clientId: client ?? issuer, scopes: readScopes(claims), data: claims }
}

function readTenant(claims: JsonObject, { claim, map }: NonNullable<OpenIdJwtOptions['tenants']>): string | undefined {
  return claimedTenant(readAdmission(claims, { tenant: [claim] }), { map })
}

/** RFC 9068 §2.2.3 has one text; some issuers send a list under `scp`. */
function readScopes(claims: JsonObject): readonly string[] {
  const { scope, scp } = claims
  if (typeof scope === 'string') return scope.split(' ').filter(Boolean)
  return [scp].flat().filter((each) => typeof each === 'string')
}

type TokenReason = Extract<ReasonCode, `token_${string}`>

function refuse(reason: TokenReason, detail?: string): GatewayError {
  const { message } = new GatewayError(reason)
  const code = reason === 'token_misplaced' ? 'invalid_request' : 'invalid_token'
  const error = reason === 'token_missing' ? undefined : { code, description: message }
  return new GatewayError(reason, { detail, headers: { 'www-authenticate': realmChallenge('Bearer', error) } })
}
