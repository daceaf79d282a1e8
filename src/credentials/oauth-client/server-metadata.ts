import type { UpstreamOAuth } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { CallAuthorizationServer } from '../../http/call-authorization-server.ts'
import { type JsonObject, stringMember } from '../../lib/json.ts'
import { isLoopbackHost } from '../../lib/loopback.ts'
import { readScopes } from './read-challenge.ts'
import { readDocument } from './read-document.ts'
import { isSameIssuer } from './same-issuer.ts'

/** What an authorization server says about itself (RFC 8414 §2), checked. */
export interface ServerMetadata {
  /** Verbatim. Differs from the identifier that the metadata was fetched for by more than a slash only where the operator allows it. */
  readonly issuer: string
  /** Undefined: nobody can sign in there. */
  readonly authorizationEndpoint: string | undefined
  readonly tokenEndpoint: string
  readonly registrationEndpoint: string | undefined
  readonly revocationEndpoint: string | undefined
  /** Undefined: it does not say. */
  readonly tokenEndpointAuthMethods: readonly string[] | undefined
  readonly scopesSupported: readonly string[]
  /** It announces `iss` in its answers (RFC 9207). */
  readonly sendsIssuer: boolean
  readonly acceptsClientDocuments: boolean
  /** It lists S256, or the operator says so. */
  readonly offersPkce: boolean
}

/**
 * Metadata of the authorization server with this identifier, from the first place where there is one. Undefined when there is none. Rejects
 * with `credential_issuer_mismatch` or `credential_discovery_failed` when it cannot be used.
 */
export async function findServerMetadata(
  call: CallAuthorizationServer,
  issuer: string,
  oauth: UpstreamOAuth,
): Promise<ServerMetadata | undefined> {
  for (const place of listPlaces(issuer)) {
    const document = await readDocument(call, place)
    if (document !== undefined) return checkMetadata(document, issuer, oauth)
  }
  return undefined
}

/** RFC 8414 §3.1, OpenID Connect Discovery §4, in the order of MCP Authorization. */
function listPlaces(issuer: string): readonly string[] {
  const url = URL.parse(issuer)
  if (url === null) throw failed(`the authorization server is not a URL: ${issuer.slice(0, 200)}`)
  const path = url.pathname.replace(/\/$/, '')
  const oauth = `${url.origin}/.well-known/oauth-authorization-server${path}`
  const openId = `${url.origin}/.well-known/openid-configuration${path}`
  return path === '' ? [oauth, openId] : [oauth, openId, `${url.origin}${path}/.well-known/openid-configuration`]
}

function checkMetadata(document: JsonObject, expected: string, { overrides }: UpstreamOAuth): ServerMetadata {
  const issuer = stringMember(document, 'issuer')
  // RFC 8414 §3.3: the same, or one server could speak for another.
  if (issuer === undefined || !(isSameIssuer(issuer, expected) || overrides.allowIssuerMismatch)) {
    const detail = `the metadata of ${expected} names the issuer ${String(issuer).slice(0, 200)}`
    throw new GatewayError('credential_issuer_mismatch', { detail })
  }
  const tokenEndpoint = readEndpoint(document, 'token_endpoint')
  if (tokenEndpoint === undefined) throw failed(`the metadata of ${expected} names no token_endpoint on https`)
  const challengeMethods: unknown = document['code_challenge_methods_supported']
  const authMethods: unknown = document['token_endpoint_auth_methods_supported']
  return {
    issuer,
    authorizationEndpoint: readEndpoint(document, 'authorization_endpoint'),
    tokenEndpoint,
    registrationEndpoint: readEndpoint(document, 'registration_endpoint'),
    revocationEndpoint: readEndpoint(document, 'revocation_endpoint'),
    tokenEndpointAuthMethods: Array.isArray(authMethods)
      ? authMethods.filter((each) => typeof each === 'string')
      : undefined,
    scopesSupported: readScopes(document['scopes_supported']),
    sendsIssuer: document['authorization_response_iss_parameter_supported'] === true,
    acceptsClientDocuments: document['client_id_metadata_document_supported'] === true,
    offersPkce: overrides.assumePkce || (Array.isArray(challengeMethods) && challengeMethods.includes('S256')),
  }
}

/** The authorization endpoint is opened by a browser, so a `javascript:` URL would run there. The door checks the others once more. */
function readEndpoint(document: JsonObject, name: string): string | undefined {
  const text = stringMember(document, name)
  const url = URL.parse(text ?? '')
  if (text === undefined || url === null || url.username !== '' || url.password !== '' || url.hash !== '')
    return undefined
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))
  return isSafe ? text : undefined
}

/** An upstream of 2025-03-26 without metadata: the endpoints are at fixed places of its origin, and PKCE is required of it. */
export function assumeServerMetadata(origin: string): ServerMetadata {
  return {
    issuer: origin,
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/token`,
    registrationEndpoint: `${origin}/register`,
    revocationEndpoint: undefined,
    tokenEndpointAuthMethods: undefined,
    scopesSupported: [],
    sendsIssuer: false,
    acceptsClientDocuments: false,
    offersPkce: true,
  }
}

function failed(detail: string): GatewayError {
  return new GatewayError('credential_discovery_failed', { detail })
}
