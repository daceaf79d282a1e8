import type { Connections, UpstreamClientRecord, UpstreamClients } from '../contracts/storage.ts'
import type { SealContext, SealedCollection } from '../contracts/vault.ts'
import { contextOf } from './connections.ts'

/** The credentials of connections. */
export function collectConnections(connections: Connections): SealedCollection {
  return {
    name: 'connections',
    async page(after, limit) {
      const page = await connections.page(after, limit)
      const entries = page.map((record) => ({
        name: `connection ${record.id}`,
        sealed: record.sealed,
        context: contextOf(record),
        replace: (sealed: string) => connections.replaceSealed(record.id, record.sealed, sealed),
      }))
      return { entries, next: page.length < limit ? undefined : page.at(-1)?.id }
    },
  }
}

/** More than any gateway has: one for each authorization server. */
const mostClients = 100_000

/** The gateway's registrations at authorization servers of upstreams. */
export function collectUpstreamClients(clients: UpstreamClients): SealedCollection {
  return {
    name: 'registrations at upstreams',
    async page() {
      const entries = (await clients.list({ limit: mostClients })).map((record) => ({
        name: `registration at ${record.issuer}`,
        sealed: record.sealed,
        context: upstreamClientContext(record),
        replace: (sealed: string) => clients.replaceSealed(record, sealed),
      }))
      return { entries }
    },
  }
}

/** What a registration at an authorization server of an upstream is sealed for. */
export function upstreamClientContext(
  place: Pick<UpstreamClientRecord, 'tenant' | 'issuer' | 'redirectUri'>,
): SealContext {
  return { tenant: place.tenant, kind: 'upstream-client', owner: place.issuer, id: place.redirectUri }
}
