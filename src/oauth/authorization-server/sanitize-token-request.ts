import type { VirtualServerDirectory } from '../../contracts/virtual-server.ts'
import { canonicalResource, findServer, knownScopes } from './sanitize-authorize-request.ts'

/**
 * The form of a token request as the provider may see it: canonical resource, and on refresh only scopes we know. Clients repeat
 * everything they once asked for, `offline_access` included; refusing that would sign them out.
 */
export function sanitizeTokenForm(form: string, directory: VirtualServerDirectory): string {
  const sanitized = new URLSearchParams()
  const parsed = new URLSearchParams(form)
  // As at the authorization endpoint: scopes that only other virtual servers have were never granted here.
  const known = knownScopes(findServer(parsed.get('resource') ?? undefined, directory), directory)
  for (const [name, value] of parsed) {
    if (name === 'resource') sanitized.append(name, canonicalResource(value, directory))
    else if (name === 'scope') appendScopes(sanitized, value, known)
    else sanitized.append(name, value)
  }
  const resources = new Set(sanitized.getAll('resource'))
  if (resources.size === 1) for (const resource of resources) sanitized.set('resource', resource)
  if (sanitized.get('grant_type') === 'client_credentials' && !sanitized.has('scope')) {
    sanitized.set('scope', known.join(' '))
  }
  return sanitized.toString()
}

function appendScopes(form: URLSearchParams, asked: string, known: readonly string[]): void {
  const scopes = [...new Set(asked.split(' '))].filter((scope) => known.includes(scope))
  if (scopes.length > 0) form.append('scope', scopes.join(' '))
}
