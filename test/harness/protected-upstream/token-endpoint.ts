import { createHash, randomUUID } from 'node:crypto'
import type { AuthorizationServer } from './authorization-server.ts'
import { type Answer, type Call, oauthError } from './http-call.ts'
import type { KnownClient } from './known-clients.ts'
import type { Grant } from './token-book.ts'
import { askUserinfo, verifyForeignToken } from './verify-foreign-token.ts'

/** What was approved and waits to be redeemed. */
export interface PendingCode extends Omit<Grant, 'killed'> {
  readonly redirectUri: string
  readonly challenge: string
}

type GrantAnswer = (server: AuthorizationServer, client: KnownClient, form: URLSearchParams) => Promise<Answer> | Answer

const tokenType = 'urn:ietf:params:oauth:token-type:'
const grants: Readonly<Record<string, GrantAnswer>> = {
  authorization_code: redeemCode,
  refresh_token: refresh,
  client_credentials: grantToClient,
  'urn:ietf:params:oauth:grant-type:token-exchange': exchangeToken,
  'urn:ietf:params:oauth:grant-type:jwt-bearer': redeemAssertion,
}

/** Answers a request at the token endpoint, and counts it by its grant type. */
export async function answerTokenRequest(server: AuthorizationServer, call: Call): Promise<Answer> {
  const answer = await answerByGrant(server, call)
  if (answer.status < 400 || !server.behaviour.echoRequests) return answer
  const description = `${call.headers.authorization ?? ''} ${call.body}`
  return { ...answer, body: { ...(answer.body as object), error_description: description } }
}

async function answerByGrant(server: AuthorizationServer, call: Call): Promise<Answer> {
  const form = new URLSearchParams(call.body)
  const grantType = form.get('grant_type') ?? ''
  const { tokenRequests, tokensIssued } = server.counts
  tokenRequests[grantType] = (tokenRequests[grantType] ?? 0) + 1
  const verifier = form.get('code_verifier')
  if (verifier !== null) server.book.secrets.add(verifier)
  const answerGrant = Object.hasOwn(grants, grantType) ? grants[grantType] : undefined
  if (call.method !== 'POST' || answerGrant === undefined) return oauthError('unsupported_grant_type', grantType)
  const { issuer } = server
  const client = await server.clients.authenticate(call, form, server.behaviour, [issuer, `${issuer}/token`])
  if (client === undefined) return oauthError('invalid_client', 'who is this?', 401)
  const answer = await answerGrant(server, client, form)
  if (answer.status === 200) tokensIssued[grantType] = (tokensIssued[grantType] ?? 0) + 1
  return answer
}

async function redeemCode(server: AuthorizationServer, client: KnownClient, form: URLSearchParams): Promise<Answer> {
  const code = form.get('code') ?? ''
  const pending = server.codes.get(code)
  server.codes.delete(code)
  const challenge = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  if (pending === undefined || pending.clientId !== client.clientId) return oauthError('invalid_grant', 'unknown code')
  if (pending.redirectUri !== form.get('redirect_uri')) return oauthError('invalid_grant', 'another redirect_uri')
  if (pending.challenge !== challenge) return oauthError('invalid_grant', 'the verifier does not fit')
  const problem = findResourceProblem(server, form)
  if (problem) return problem
  const { clientId, account, scopes, resource } = pending
  const body = server.book.issue({ clientId, account, scopes, resource, killed: false }, server.behaviour, true)
  if (!scopes.includes('openid')) return { status: 200, body }
  const idToken = await server.key.sign({ iss: server.issuer, sub: account, aud: clientId }, 'JWT')
  server.book.secrets.add(idToken)
  return { status: 200, body: { ...body, id_token: idToken } }
}

function refresh(server: AuthorizationServer, client: KnownClient, form: URLSearchParams): Answer {
  const problem = findResourceProblem(server, form)
  if (problem) return problem
  const grant = server.book.useRefreshToken(form.get('refresh_token') ?? '', client.clientId, server.behaviour)
  if (typeof grant === 'string') return oauthError('invalid_grant', grant)
  return { status: 200, body: server.book.issue(grant, server.behaviour, server.behaviour.refreshTokens === 'rotate') }
}

function grantToClient(server: AuthorizationServer, client: KnownClient, form: URLSearchParams): Answer {
  if (client.clientSecret === undefined && client.publicKey === undefined && client.keysUrl === undefined)
    return oauthError('unauthorized_client', 'a public client has no credentials')
  return issueFor(server, client, form, `client:${client.clientId}`, form.get('resource') ?? server.resource)
}

/** RFC 8693: a token of this server for one of the trusted issuer, or an assertion for another server (ID-JAG). */
async function exchangeToken(server: AuthorizationServer, client: KnownClient, form: URLSearchParams): Promise<Answer> {
  const { trustedIssuer, subjectTokenAudience: audience } = server.behaviour
  const subjectToken = form.get('subject_token') ?? ''
  const type = form.get('subject_token_type')
  server.book.secrets.add(subjectToken)
  if (trustedIssuer === undefined) return oauthError('invalid_request', 'no issuer is trusted')
  const subject =
    type === `${tokenType}id_token`
      ? (await verifyForeignToken(subjectToken, trustedIssuer, { audience }))?.sub
      : type === `${tokenType}access_token`
        ? await askUserinfo(subjectToken, trustedIssuer)
        : undefined
  if (subject === undefined) return oauthError('invalid_grant', 'the subject token does not hold')
  if (form.get('requested_token_type') === `${tokenType}id-jag`) return issueAssertion(server, client, form, subject)
  const answer = issueFor(server, client, form, subject, form.get('resource') ?? server.resource)
  const body = { ...(answer.body as object), issued_token_type: `${tokenType}access_token` }
  return { ...answer, body }
}

async function issueAssertion(
  server: AuthorizationServer,
  client: KnownClient,
  form: URLSearchParams,
  subject: string,
): Promise<Answer> {
  const audience = form.get('audience')
  const resource = form.get('resource')
  if (audience === null) return oauthError('invalid_request', 'an assertion needs an audience')
  const claims = {
    iss: server.issuer,
    sub: subject,
    aud: audience,
    jti: randomUUID(),
    client_id: client.clientId,
    ...(resource !== null && { resource }),
    scope: form.get('scope') ?? '',
  }
  const assertion = await server.key.sign(claims, 'oauth-id-jag+jwt')
  server.book.secrets.add(assertion)
  const body = { access_token: assertion, issued_token_type: `${tokenType}id-jag`, token_type: 'N_A', expires_in: 300 }
  return { status: 200, body }
}

const usedAssertions = new Set<string>()

/** RFC 7523 §2.1 with an identity assertion of the trusted issuer; each holds once. */
async function redeemAssertion(
  server: AuthorizationServer,
  client: KnownClient,
  form: URLSearchParams,
): Promise<Answer> {
  const { trustedIssuer } = server.behaviour
  const expected = { audience: server.issuer, typ: 'oauth-id-jag+jwt' }
  const assertion = form.get('assertion') ?? ''
  const claims = trustedIssuer && (await verifyForeignToken(assertion, trustedIssuer, expected))
  if (!claims || claims.sub === undefined || claims.jti === undefined) {
    return oauthError('invalid_grant', 'the assertion does not hold')
  }
  if (claims['client_id'] !== client.clientId) return oauthError('invalid_grant', 'made for another client')
  if (usedAssertions.has(claims.jti)) return oauthError('invalid_grant', 'used before')
  usedAssertions.add(claims.jti)
  const resource = typeof claims['resource'] === 'string' ? claims['resource'] : undefined
  if (resource !== undefined && resource !== server.resource) return oauthError('invalid_target', resource)
  if (!form.has('scope')) form.set('scope', typeof claims['scope'] === 'string' ? claims['scope'] : '')
  return issueFor(server, client, form, claims.sub, resource ?? server.resource)
}

function issueFor(
  server: AuthorizationServer,
  client: KnownClient,
  form: URLSearchParams,
  account: string,
  resource: string,
): Answer {
  if (resource !== server.resource) return oauthError('invalid_target', resource)
  const scopes = server.behaviour.grantedScopes ?? (form.get('scope') ?? '').split(' ').filter(Boolean)
  const grant = { clientId: client.clientId, account, scopes, resource, killed: false }
  return { status: 200, body: server.book.issue(grant, server.behaviour, false) }
}

function findResourceProblem(server: AuthorizationServer, form: URLSearchParams): Answer | undefined {
  const fits = !server.behaviour.requireResource || form.get('resource') === server.resource
  return fits ? undefined : oauthError('invalid_target', form.get('resource') ?? 'no resource')
}
