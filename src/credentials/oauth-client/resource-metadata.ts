import type { UpstreamOAuth } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { CallAuthorizationServer } from '../../http/call-authorization-server.ts'
import { type JsonObject, stringMember } from '../../lib/json.ts'
import { readScopes, type UpstreamChallenge } from './read-challenge.ts'
import { readDocument } from './read-document.ts'

/** What an upstream says about itself (RFC 9728 §2), checked. */
export interface ResourceMetadata {
  /** Verbatim: it is sent as it is. */
  readonly resource: string
  readonly authorizationServers: readonly string[]
  readonly scopesSupported: readonly string[]
}

const wellKnown = '/.well-known/oauth-protected-resource'

/**
 * The metadata of the MCP endpoint at `url`: where the operator says, where the challenge says, else at the well-known places, that of the
 * path first. Undefined when it publishes none. Rejects with `credential_discovery_failed` for metadata that is named and absent, or of
 * another resource.
 */
export async function findResourceMetadata(
  call: CallAuthorizationServer,
  url: string,
  oauth: UpstreamOAuth,
  challenge: UpstreamChallenge | undefined,
): Promise<ResourceMetadata | undefined> {
  const named = oauth.protectedResourceMetadataUrl ?? challenge?.resourceMetadata
  if (named !== undefined) {
    const document = await readDocument(call, named)
    if (document === undefined) throw failed(`there is no resource metadata at ${named}`)
    return check(document, named, url, oauth)
  }
  for (const place of listPlaces(url)) {
    const document = await readDocument(call, place)
    if (document !== undefined) return check(document, place, url, oauth)
  }
  return undefined
}

/** RFC 9728 §3.1: the well-known part goes between host and path. */
function listPlaces(url: string): readonly string[] {
  const { origin, pathname } = new URL(url)
  const root = `${origin}${wellKnown}`
  const path = pathname.replace(/\/$/, '')
  return path === '' ? [root] : [`${root}${path}`, root]
}

function check(document: JsonObject, place: string, url: string, oauth: UpstreamOAuth): ResourceMetadata {
  const resource = stringMember(document, 'resource')
  if (resource === undefined) throw failed(`${place} names no resource`)
  const { resource: override } = oauth.overrides
  const isNamed = typeof override === 'object' && override.value === resource
  if (!isNamed && !covers(resource, url)) throw failed(`${place} is of another resource: ${resource.slice(0, 200)}`)
  const servers: unknown = document['authorization_servers']
  return {
    resource,
    authorizationServers: Array.isArray(servers) ? servers.filter((server) => typeof server === 'string') : [],
    scopesSupported: readScopes(document['scopes_supported']),
  }
}

/**
 * RFC 9728 §3.3, and as MCP SDKs do: the resource is the endpoint itself or a path that it is below, at the same origin. Anything else would
 * let an upstream ask for tokens of somebody else's resource.
 */
export function covers(resource: string, url: string): boolean {
  const claimed = URL.parse(resource)
  const endpoint = new URL(url)
  if (claimed === null || claimed.origin !== endpoint.origin || claimed.origin === 'null') return false
  if (claimed.username !== '' || claimed.password !== '' || claimed.search !== '' || claimed.hash !== '') return false
  const withSlash = (path: string) => (path.endsWith('/') ? path : `${path}/`)
  return withSlash(endpoint.pathname).startsWith(withSlash(claimed.pathname))
}

function failed(detail: string): GatewayError {
  return new GatewayError('credential_discovery_failed', { detail })
}
