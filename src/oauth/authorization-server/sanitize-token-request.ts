import type { VirtualServerDirectory } from '../../contracts/virtual-server.ts'
import { baseScopes, canonicalResource, findServer, knownScopes } from './sanitize-authorize-request.ts'

/**
 * The form of a token request as the provider may see it: canonical resource, and on refresh only scopes we know. Clients repeat
 * everything they once asked for, `offline_access` included; refusing that would sign them out.
 */
export function sanitizeTokenForm(form: string, directory: VirtualServerDirectory): string {
  const sanitized = new URLSearchParams()
  const parsed = new URLSearchParams(form)
  // As at the authorization endpoint: scopes that only other virtual servers have were never granted here.
  const server = findServer(parsed.get('resource') ?? undefined, directory)
  const known = knownScopes(server, directory)
  for (const [name, value] of parsed) {
    if (name === 'resource') sanitized.append(name, canonicalResource(value, directory))
    else if (name === 'scope') appendScopes(sanitized, value, known)
    else sanitized.append(name, value)
  }
  const resources = new Set(sanitized.getAll('resource'))
  if (resources.size === 1) for (const resource of resources) sanitized.set('resource', resource)
  if (sanitized.get('grant_type') === 'client_credentials') addBaseScopes(sanitized, baseScopes(server))
  return sanitized.toString()
}

/** There is no authorization leg where they would have been added. What is repeated stays repeated, to be refused. */
function addBaseScopes(form: URLSearchParams, base: readonly string[]): void {
  if (form.getAll('scope').length > 1) return
  const asked = form.get('scope')?.split(' ') ?? []
  form.set('scope', [...new Set([...base, ...asked])].join(' '))
}

function appendScopes(form: URLSearchParams, asked: string, known: readonly string[]): void {
  const scopes = [...new Set(asked.split(' '))].filter((scope) => known.includes(scope))
  if (scopes.length > 0) form.append('scope', scopes.join(' '))
}
