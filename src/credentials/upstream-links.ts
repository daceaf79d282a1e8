import type { UpstreamDirectory, UpstreamSettings } from '../contracts/upstream.ts'
import type { UpstreamLink, UpstreamLinks } from '../contracts/upstream-links.ts'
import { isConnectable, isShared } from './connect/admit-connect.ts'
import { upstreamPath } from './connect/connection-paths.ts'
import { describeState } from './connect/describe-state.ts'
import { type ConnectionStore, ownerOf, sharedOwner } from './connections.ts'

/** Says what is left to connect, from the stored connections. */
export function createUpstreamLinks(
  upstreams: UpstreamDirectory,
  connections: Pick<ConnectionStore, 'list'>,
  basePath: string,
): UpstreamLinks {
  return {
    list(virtualServer, { subject, tenant }, returnPath) {
      const describe = async (upstream: UpstreamSettings): Promise<UpstreamLink> => {
        const { id, displayName, summary } = upstream
        const owner = isShared(upstream) ? sharedOwner : ownerOf(subject)
        const [record] = await connections.list({ tenant, upstream: id, owner, limit: 1 })
        const path = isShared(upstream) ? undefined : upstreamPath(basePath, id, 'connect', { tenant, returnPath })
        return { id, displayName, summary, state: describeState(upstream, record), connectPath: path }
      }
      return Promise.all(upstreams.listByServer(virtualServer).filter(isConnectable).map(describe))
    },
  }
}
