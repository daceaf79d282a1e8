import type { VirtualServer } from '../contracts/virtual-server.ts'
import { sha256 } from '../lib/hash.ts'

/** `server.json` as the registry API shows it (OpenAPI 2025-12-01, `ServerDetail`): only the members that we have something to say in. */
export interface ServerDetail {
  readonly $schema: string
  readonly name: string
  readonly title: string
  readonly description: string
  readonly version: string
  readonly websiteUrl?: string | undefined
  readonly icons?: readonly object[] | undefined
  readonly remotes: readonly [{ readonly type: 'streamable-http'; readonly url: string }]
}

const schema = 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'
/** One version: ranges, which registries refuse, do not match. */
export const versionPattern = /^(?!latest$)(?!.*(^|\.)[xX*](\.|$))[0-9A-Za-z][0-9A-Za-z.+_-]{0,199}$/

const longestName = 200
const longestText = 100

/** One virtual server as an entry of the registry. No headers: how clients sign in they learn from the server itself (RFC 9728). */
export function describeServer(server: VirtualServer): ServerDetail {
  const { title, description, resource, registry } = server
  const described = {
    $schema: schema,
    name: registryName(server),
    title: shorten(title),
    description: shorten(description ?? title),
    ...(registry?.websiteUrl !== undefined && { websiteUrl: registry.websiteUrl }),
    ...(registry?.icons !== undefined && registry.icons.length > 0 && { icons: registry.icons }),
    remotes: [{ type: 'streamable-http', url: resource }],
  } as const
  return {
    ...described,
    version: registry?.version ?? versionOf([described, registry?.surface], registry?.documentVersion),
  }
}

/**
 * `<host in reverse>/<operationId>`, at most 200 characters. What the pattern of the specification does not take is replaced, and a hash
 * keeps such names apart.
 */
export function registryName({ name, resource }: Pick<VirtualServer, 'name' | 'resource'>): string {
  const host = new URL(resource).hostname.replace(/^\[|\]$/g, '')
  const namespace = host.split('.').toReversed().join('.')
  const wanted = `${namespace}/${name}`
  const allowed = `${namespace.replaceAll(/[^a-zA-Z0-9.-]/g, '-')}/${name.replaceAll(/[^a-zA-Z0-9._-]/g, '-')}`
  if (allowed === wanted && wanted.length <= longestName) return wanted
  const mark = `-${sha256(wanted)
    .replaceAll(/[^a-zA-Z0-9]/g, '')
    .slice(0, 10)}`
  return allowed.slice(0, longestName - mark.length) + mark
}

/** A version never changes what it means, so what is shown and pinned is part of it: aggregators compare versions, not entries. */
function versionOf(described: readonly unknown[], documentVersion = '0.0.0'): string {
  const base = versionPattern.test(documentVersion) ? documentVersion : '0.0.0'
  const mark = sha256(JSON.stringify(described))
    .replaceAll(/[^a-zA-Z0-9]/g, '')
    .slice(0, 8)
  return `${base.split('+', 1)[0]}+${mark}`
}

/** By code points: half a surrogate pair is no text. */
function shorten(text: string): string {
  const points = Array.from(text.trim())
  return points.length <= longestText ? points.join('') : `${points.slice(0, longestText - 1).join('')}…`
}
