import type { VirtualServer, VirtualServerDirectory } from '../../contracts/virtual-server.ts'
import { defaultScope } from '../default-scope.ts'

/** Parameters of RFC 6749, RFC 7636, RFC 8707 and OpenID prompt that this server acts on; all others are ignored (RFC 6749 §3.1). */
const kept = new Set([
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
  'resource',
  'prompt',
  'response_mode',
  'request',
  'request_uri',
])
const prompts = new Set(['none', 'login', 'consent'])

/**
 * The query of an authorization request as the provider may see it. Scopes and prompt words we do not know are dropped instead of
 * refused, the resource is put into its canonical form, and repeated parameters stay repeated so that they are refused.
 */
export function sanitizeAuthorizeQuery(search: string, directory: VirtualServerDirectory): string {
  const query = new URLSearchParams()
  for (const [name, value] of new URLSearchParams(search)) {
    if (!kept.has(name)) continue
    if (name === 'response_mode' && value !== 'query') continue
    query.append(name, name === 'resource' ? canonicalResource(value, directory) : value)
  }
  const resources = new Set(query.getAll('resource'))
  if (resources.size === 1) for (const resource of resources) query.set('resource', resource)
  replaceOnce(query, 'scope', selectScopes(query.get('scope'), [...resources][0], directory))
  const prompt = selectPrompts(query.get('prompt'))
  if (prompt === '') query.delete('prompt')
  else replaceOnce(query, 'prompt', prompt)
  return `?${query.toString()}`
}

/** The identifier of the virtual server that is meant, or the value itself when there is none. */
export function canonicalResource(value: string, directory: VirtualServerDirectory): string {
  return directory.findByResource(value)?.resource ?? value
}

/**
 * The scopes that the virtual server needs for anything at all, and of those asked for the ones it knows. `offline_access` is never
 * among them. Nobody receives a scope of some tools without asking.
 */
function selectScopes(asked: string | null, resource: string | undefined, directory: VirtualServerDirectory): string {
  const server = findServer(resource, directory)
  const known = knownScopes(server, directory)
  const selected = (asked ?? '').split(' ').filter((scope) => known.includes(scope))
  return [...new Set([...baseScopes(server), ...selected])].join(' ')
}

/** What a token of a virtual server carries when its client asks for nothing. */
export function baseScopes(server: VirtualServer | undefined): readonly string[] {
  return server?.baseScopes ?? [defaultScope]
}

/** Scopes of one virtual server, or of all when it is not known which one is meant. */
export function knownScopes(server: VirtualServer | undefined, directory: VirtualServerDirectory): readonly string[] {
  const scopes = server ? server.scopes : [...new Set(directory.list().flatMap((each) => each.scopes))]
  return scopes.length > 0 ? scopes : [defaultScope]
}

/** The virtual server of a resource; without a resource the only one, if there is exactly one. */
export function findServer(resource: string | undefined, directory: VirtualServerDirectory): VirtualServer | undefined {
  if (resource !== undefined) return directory.findByResource(resource)
  const servers = directory.list()
  return servers.length === 1 ? servers[0] : undefined
}

function selectPrompts(asked: string | null): string {
  const words = [...new Set((asked ?? '').split(' '))].filter((word) => prompts.has(word))
  return (words.length > 1 ? words.filter((word) => word !== 'none') : words).join(' ')
}

function replaceOnce(query: URLSearchParams, name: string, value: string): void {
  if (query.getAll(name).length < 2) query.set(name, value)
}
