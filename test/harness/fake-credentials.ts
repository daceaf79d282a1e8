import type { CredentialSource, UpstreamCredential, UpstreamRefusal } from '../../src/contracts/credential.ts'
import type { Exchange } from '../../src/contracts/exchange.ts'
import type { KnownCatalogRecord, KnownCatalogs } from '../../src/contracts/storage.ts'
import type { UpstreamSettings } from '../../src/contracts/upstream.ts'
import { GatewayError } from '../../src/errors/gateway-error.ts'

/** A source of credentials that does what a test says, without a broker. */
export interface FakeCredentials extends CredentialSource {
  /** By subject; absent: not connected. */
  readonly accounts: Map<string, UpstreamCredential>
  /** What `renew` gives, by subject; absent: it asks to connect again. */
  readonly renewals: Map<string, UpstreamCredential>
  readonly refusals: UpstreamRefusal[]
  /** Subjects whose connection has to be renewed by themselves. */
  readonly expired: Set<string>
}

export const connectUrl = 'https://gateway.example/auth/connections/tracker/connect?ticket=t'

/** The token `value` of the account `identity`. */
export function tokenOf(identity: string, value = `token-of-${identity}`, generation = 1): UpstreamCredential {
  return { headers: [['Authorization', `Bearer ${value}`]], identity, generation }
}

/** A source for the upstream `tracker`. */
export function createFakeCredentials(change: Partial<UpstreamSettings> = {}): FakeCredentials {
  const upstream = {
    id: 'tracker',
    displayName: 'Tracker',
    mode: 'user-oauth',
    url: 'https://tracker.example/mcp',
    shareCatalog: false,
    trustedHosts: [],
    ...change,
  } as unknown as UpstreamSettings
  const accounts = new Map<string, UpstreamCredential>()
  const renewals = new Map<string, UpstreamCredential>()
  const refusals: UpstreamRefusal[] = []
  const expired = new Set<string>()
  const nameOf = ({ subject }: Exchange) => subject?.id ?? ''
  return {
    upstream,
    accounts,
    renewals,
    refusals,
    expired,
    obtain: (exchange) => {
      if (expired.has(nameOf(exchange))) return inviteTo(upstream, 'connection_reconsent_required')
      return accounts.get(nameOf(exchange)) ?? inviteTo(upstream, 'connection_required')
    },
    renew: async (_, refusal, exchange) => {
      refusals.push(refusal)
      const renewed = refusal.afterRenewal ? undefined : renewals.get(nameOf(exchange))
      return renewed ?? inviteTo(upstream, 'connection_reconsent_required')
    },
  }
}

function inviteTo({ id, displayName, mode }: UpstreamSettings, reason: GatewayError['reason']): GatewayError {
  const state = reason === 'connection_required' ? 'authenticating' : 'reconsent_required'
  return new GatewayError(reason, { data: { connect: { upstreamId: id, displayName, state, url: connectUrl, mode } } })
}

/** Known catalogues in memory. */
export function createMemoryCatalogs(): KnownCatalogs & { readonly records: Map<string, KnownCatalogRecord> } {
  const records = new Map<string, KnownCatalogRecord>()
  const keyOf = (key: Omit<KnownCatalogRecord, 'result' | 'updatedAtMs'>) =>
    JSON.stringify([key.tenant, key.virtualServer, key.owner, key.method])
  return {
    records,
    find: async (key) => records.get(keyOf(key)),
    put: async (record) => void records.set(keyOf(record), record),
    remove: async (tenant, virtualServer, owner) => {
      for (const [key, record] of records) {
        const isOfOwner = record.tenant === tenant && record.virtualServer === virtualServer && record.owner === owner
        if (isOfOwner) records.delete(key)
      }
    },
  }
}
