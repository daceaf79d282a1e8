import type { Clock } from '../../contracts/clock.ts'
import type { UpstreamOAuth, UpstreamSettings } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { ReasonCode } from '../../errors/reasons.ts'
import { equalSecrets, sha256 } from '../../lib/hash.ts'
import { randomToken } from '../../lib/random-id.ts'
import type { AuthorizationStart } from '../connect/connect-host.ts'
import type { OAuthCredential } from '../connections.ts'
import { checkIssuer } from './check-issuer.ts'
import { choosePrompt, chooseResource, chooseScopes } from './choose-scopes.ts'
import type { UpstreamDiscovery } from './discover-upstream.ts'
import { describeOAuthError } from './read-token-response.ts'
import type { RequestToken } from './token-request.ts'
import type { ClientReference, UpstreamClient, UpstreamClientStore } from './upstream-client.ts'

/** What redeeming the answer of an authorization server needs. Plain JSON, and secret. */
export interface PendingAuthorization {
  readonly state: string
  readonly codeVerifier: string
  readonly redirectUri: string
  /** Identifier that the upstream named, and what the metadata and so `iss` says. */
  readonly issuer: string
  readonly metadataIssuer: string
  readonly sendsIssuer: boolean
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly authMethod: UpstreamClient['method']
  readonly scopes: readonly string[]
  /** Undefined is left out of JSON. */
  readonly resource?: string | undefined
  /** URL of the upstream that the person set out to connect: it may be another one by the time they come back. */
  readonly url: string
}

/** What signing in at an upstream needs. */
export interface AuthorizeHost {
  readonly discovery: UpstreamDiscovery
  readonly clients: UpstreamClientStore
  readonly requestToken: RequestToken
  readonly clock: Clock
}

/** Begins an authorization (RFC 6749 §4.1.1) with PKCE (RFC 7636). Rejects with a `credential_*` reason. */
export async function beginAuthorization(
  host: AuthorizeHost,
  { tenant, upstream, redirectUri, state, scopes: further }: AuthorizationStart,
): Promise<{ readonly url: URL; readonly pending: PendingAuthorization }> {
  const oauth = requireOAuth(upstream)
  // A person who sets out must meet the server of now: they may do so because the upstream just moved to another one.
  const found = await host.discovery.find(upstream, 0)
  const { issuer, server } = found
  if (!server.offersPkce) {
    throw new GatewayError('credential_pkce_unsupported', { detail: `the metadata of ${issuer} does not list S256` })
  }
  if (server.authorizationEndpoint === undefined) {
    const detail = `the metadata of ${issuer} names no authorization_endpoint on https`
    throw new GatewayError('credential_discovery_failed', { detail })
  }
  const client = await host.clients.obtain(tenant, upstream, found, redirectUri)
  const scopes = chooseScopes(oauth, found, further)
  const resource = chooseResource(oauth, found)
  const codeVerifier = randomToken()
  const url = addParameters(server.authorizationEndpoint, {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    state,
    code_challenge: sha256(codeVerifier),
    code_challenge_method: 'S256',
    scope: scopes.length === 0 ? undefined : scopes.join(oauth.scopeDelimiter),
    resource,
    prompt: choosePrompt(oauth, scopes),
  })
  const { issuer: metadataIssuer, sendsIssuer, tokenEndpoint } = server
  const { clientId, method: authMethod } = client
  const pending = {
    state,
    codeVerifier,
    redirectUri,
    issuer,
    metadataIssuer,
    sendsIssuer,
    tokenEndpoint,
    clientId,
    authMethod,
    scopes,
    resource,
    url: upstream.url,
  }
  return { url, pending }
}

/**
 * Redeems the answer of an authorization server at the token endpoint of the server that was asked, and at no other. Rejects with
 * `connection_refused` when access was not granted, else with a `credential_*` or `connection_link_invalid` reason.
 */
export async function finishAuthorization(
  host: AuthorizeHost,
  upstream: UpstreamSettings,
  tenant: string,
  answer: URLSearchParams,
  pending: PendingAuthorization,
): Promise<OAuthCredential> {
  checkIssuer(answer, { issuer: pending.metadataIssuer, sendsIssuer: pending.sendsIssuer })
  const { issuer, clientId, authMethod } = pending
  const reference = { tenant, upstream, issuer, clientId, authMethod }
  try {
    return await redeemCode(host, reference, readCode(answer, pending), pending)
  } catch (error) {
    host.discovery.forget(upstream)
    const isUnknown = error instanceof GatewayError && error.reason === 'credential_client_rejected'
    if (isUnknown) await host.clients.reject(reference)
    throw error
  }
}

async function redeemCode(
  host: AuthorizeHost,
  reference: ClientReference,
  code: string,
  pending: PendingAuthorization,
): Promise<OAuthCredential> {
  const { upstream } = reference
  const { issuer, clientId, authMethod, tokenEndpoint, redirectUri, codeVerifier, resource } = pending
  const client = await host.clients.find(reference)
  if (client === undefined)
    throw new GatewayError('connection_link_invalid', { detail: 'its client was replaced meanwhile' })
  const parameters = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: codeVerifier,
    resource,
  }
  const tokens = await host.requestToken({ upstream, tokenEndpoint, client, parameters })
  if (tokens instanceof GatewayError) throw tokens
  return {
    kind: 'oauth',
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    expiresAtMs: tokens.expiresAtMs,
    obtainedAtMs: host.clock(),
    // RFC 6749 §5.1: without a word, what was asked for.
    scopes: tokens.scopes ?? pending.scopes,
    issuer,
    resource,
    tokenEndpoint,
    clientId,
    clientAuthMethod: authMethod,
    url: pending.url,
  }
}

function requireOAuth({ oauth, id }: UpstreamSettings): UpstreamOAuth {
  if (oauth === undefined) throw new GatewayError('connection_unsupported', { detail: `nobody signs in to ${id}` })
  return oauth
}

/** The query that a server has in its endpoint stays (RFC 6749 §3.1). */
function addParameters(endpoint: string, parameters: { readonly [name: string]: string | undefined }): URL {
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value)
  return url
}

function readCode(answer: URLSearchParams, { state }: PendingAuthorization): string {
  const [returned, ...more] = answer.getAll('state')
  if (returned === undefined || more.length > 0 || !equalSecrets(returned, state))
    throw new GatewayError('connection_link_invalid', { detail: 'the state is of another sign-in' })
  const error = answer.get('error')
  if (error !== null) throw explainAuthorizationError(error, answer.get('error_description') ?? undefined)
  const [code, ...further] = answer.getAll('code')
  if (code === undefined || code === '' || further.length > 0)
    throw new GatewayError('credential_response_invalid', { detail: 'the authorization answer has no single code' })
  return code
}

/** RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6. */
const authorizationErrors: { readonly [error: string]: ReasonCode } = {
  access_denied: 'connection_refused',
  login_required: 'connection_refused',
  interaction_required: 'connection_refused',
  consent_required: 'connection_refused',
  account_selection_required: 'connection_refused',
  unauthorized_client: 'credential_client_rejected',
  invalid_client: 'credential_client_rejected',
  server_error: 'credential_provider_unreachable',
  temporarily_unavailable: 'credential_provider_unreachable',
}

function explainAuthorizationError(error: string, description: string | undefined): GatewayError {
  const known = Object.hasOwn(authorizationErrors, error) ? authorizationErrors[error] : undefined
  return new GatewayError(known ?? 'credential_response_invalid', {
    detail: describeOAuthError(error, description, []),
  })
}
