import type { UpstreamSettings } from '../contracts/upstream.ts'
import type { OAuthCredential, StoredCredential } from './connections.ts'
import { covers } from './oauth-client/resource-metadata.ts'
import { isSameIssuer } from './oauth-client/same-issuer.ts'

/**
 * Why a credential must not go to an upstream as it is configured now: it was made for another one. A credential reaches only the server, and
 * by way of the authorization server, that it was issued for. Undefined: it fits. Nothing is noted in the connection: the configuration may
 * change back.
 */
export function findMisfit(credential: StoredCredential, { url, oauth }: UpstreamSettings): string | undefined {
  const { origin } = new URL(credential.url)
  if (origin !== new URL(url).origin) return `connected for ${origin}`
  if (credential.kind === 'api-key' || oauth === undefined) return undefined
  const { authorizationServer, overrides } = oauth
  if (authorizationServer !== undefined && !isSameIssuer(authorizationServer, credential.issuer)) {
    return `connected by way of ${credential.issuer}`
  }
  const { resource } = overrides
  const isWanted = typeof resource === 'object' ? credential.resource === resource.value : isStillFor(credential, url)
  return isWanted ? undefined : `connected for the resource ${credential.resource ?? '(none)'}`
}

/** When it was connected, the resource was compared with the URL of then. Another path may be another tenant of the same host. */
function isStillFor({ url: earlier, resource }: OAuthCredential, url: string): boolean {
  return url === earlier || resource === undefined || covers(resource, url)
}
