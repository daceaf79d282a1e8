import type { UpstreamCredential } from '../contracts/credential.ts'
import type { UpstreamApiKey, UpstreamSettings } from '../contracts/upstream.ts'
import { sha256 } from '../lib/hash.ts'
import type { Connection } from './connections.ts'

/** The headers of a connection's credential at an upstream, and what names it. */
export function presentConnection(connection: Connection, { apiKey }: UpstreamSettings): UpstreamCredential {
  const { record, credential } = connection
  const header =
    credential.kind === 'oauth'
      ? (['authorization', `Bearer ${credential.accessToken}`] as const)
      : presentKey(credential.key, apiKey)
  return { headers: [header], identity: identityOf(connection), generation: record.generation, revocableId: record.id }
}

/** Another connection may be of another account, and other scopes may show another catalogue; another token changes nothing. */
export function identityOf({ record, credential }: Connection): string {
  const scopes = credential.kind === 'oauth' ? credential.scopes.toSorted().join(' ') : ''
  return `${record.id}.${sha256(scopes).slice(0, 16)}`
}

/** A key as the upstream expects it: in its header, behind its scheme. */
export function presentKey(key: string, where: UpstreamApiKey | undefined): readonly [name: string, value: string] {
  const { header, scheme } = where ?? { header: 'authorization', scheme: 'Bearer' }
  return [header, scheme === '' ? key : `${scheme} ${key}`]
}
