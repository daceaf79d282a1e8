import type { VirtualServerDirectory } from '../contracts/virtual-server.ts'
import type { Project } from './project.ts'

/** The virtual servers of whatever project `current` returns at each call. */
export function createVirtualServerDirectory(current: () => Project): VirtualServerDirectory {
  return {
    list: () => current().virtualServers,
    findByResource: (resource) => {
      const canonical = canonicalResource(resource)
      return current().virtualServers.find((server) => server.resource === canonical)
    },
  }
}

/** Lower-case scheme and host, no default port, no trailing slash: clients add one to every URL they parse (RFC 8707 §2). */
function canonicalResource(resource: string): string | undefined {
  const url = URL.parse(resource)
  if (url === null || url.hash !== '' || url.search !== '') return undefined
  return (url.origin + url.pathname).replace(/\/$/, '')
}
