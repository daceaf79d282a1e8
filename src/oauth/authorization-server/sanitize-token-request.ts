import type { VirtualServerDirectory } from '../../contracts/virtual-server.ts'
import { canonicalResource, knownScopes } from './sanitize-authorize-request.ts'

/**
 * The form of a token request as the provider may see it: canonical resource, and on refresh only scopes we know. Clients repeat
 * everything they once asked for, `offline_access` included; refusing that would sign them out.
 */
export function sanitizeTokenForm(form: string, directory: VirtualServerDirectory): string {
  const sanitized = new URLSearchParams()
  const known = knownScopes(undefined, directory)
  for (const [name, value] of new URLSearchParams(form)) {
    if (name === 'resource') sanitized.append(name, canonicalResource(value, directory))
    else if (name === 'scope') appendScopes(sanitized, value, known)
    else sanitized.append(name, value)
  }
  const resources = new Set(sanitized.getAll('resource'))
  if (resources.size === 1) for (const resource of resources) sanitized.set('resource', resource)
  return sanitized.toString()
}

function appendScopes(form: URLSearchParams, asked: string, known: readonly string[]): void {
  const scopes = [...new Set(asked.split(' '))].filter((scope) => known.includes(scope))
  if (scopes.length > 0) form.append('scope', scopes.join(' '))
}
