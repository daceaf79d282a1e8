import type { ConnectionRecord } from '../../contracts/storage.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import type { UpstreamLink } from '../../contracts/upstream-links.ts'
import { covers } from '../oauth-client/resource-metadata.ts'
import { isSameIssuer } from '../oauth-client/same-issuer.ts'
import { isShared, usesKey } from './admit-connect.ts'

/** What is in the clear of a connection and says how it is. */
type Listed = Pick<ConnectionRecord, 'state' | 'kind' | 'issuer' | 'resource'>

/** How the connection of an upstream is; `record` is the person's own, or the shared one where it serves everybody. */
export function describeState(upstream: UpstreamSettings, record: Listed | undefined): UpstreamLink['state'] {
  if (upstream.mode === 'shared-api-key' && upstream.apiKey?.value !== undefined) return 'connected'
  const usable = record?.kind === (usesKey(upstream) ? 'api-key' : 'oauth') ? record : undefined
  if (usable?.state === 'connected' && isForUpstream(usable, upstream)) return 'connected'
  if (isShared(upstream)) return 'admin_connect_required'
  return usable === undefined ? 'connect_required' : 'reconsent_required'
}

/** False when calls would ask to connect again: it was made for another server. As far as that can be seen without opening the secret. */
function isForUpstream({ issuer, resource }: Listed, { url, oauth }: UpstreamSettings): boolean {
  if (oauth === undefined) return true
  const { authorizationServer, overrides } = oauth
  if (authorizationServer !== undefined && issuer !== undefined && !isSameIssuer(authorizationServer, issuer))
    return false
  if (overrides.resource === 'omit' || resource === undefined) return true
  return overrides.resource === 'send' ? covers(resource, url) : resource === overrides.resource.value
}
