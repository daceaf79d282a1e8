import type { ConnectionRecord } from '../../contracts/storage.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import type { UpstreamLink } from '../../contracts/upstream-links.ts'
import { isShared } from './admit-connect.ts'

/** How the connection of an upstream is; `record` is the person's own, or the shared one where it serves everybody. */
export function describeState(
  upstream: UpstreamSettings,
  record: Pick<ConnectionRecord, 'state'> | undefined,
): UpstreamLink['state'] {
  if (upstream.mode === 'shared-api-key' && upstream.apiKey?.value !== undefined) return 'connected'
  if (record?.state === 'connected') return 'connected'
  if (isShared(upstream)) return 'admin_connect_required'
  return record === undefined ? 'connect_required' : 'reconsent_required'
}
