import type { UpstreamDirectory } from '../contracts/upstream.ts'
import type { UpstreamLinks } from '../contracts/upstream-links.ts'
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
    async find(virtualServer, person, returnPath) {
      const upstream = upstreams.findByServer(virtualServer)
      if (upstream === undefined || !isConnectable(upstream)) return undefined
      const { id, displayName, summary } = upstream
      const owner = isShared(upstream) ? sharedOwner : ownerOf(person.subject)
      const [record] = await connections.list({ tenant: person.tenant, upstream: id, owner, limit: 1 })
      const { tenant } = person
      const connectPath = isShared(upstream) ? undefined : upstreamPath(basePath, id, 'connect', { tenant, returnPath })
      return { displayName, summary, state: describeState(upstream, record), connectPath }
    },
  }
}
