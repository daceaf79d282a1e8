import type { UpstreamOAuth } from '../../contracts/upstream.ts'
import type { DiscoveredUpstream } from './discover-upstream.ts'

const offlineAccess = 'offline_access'

/**
 * The scopes to ask for (MCP Authorization, scope selection): what the operator says, else what the challenge of the upstream names, else
 * all that its metadata lists, else none. `further` are those of a step-up, with what was asked for before. Without them a refresh token may
 * never be issued, so `offline_access` is added where the server has it; an operator who says which scopes says all of them.
 */
export function chooseScopes(
  { scopes: configured }: UpstreamOAuth,
  { challengeScopes, scopesSupported, server }: DiscoveredUpstream,
  further: readonly string[],
): readonly string[] {
  if (configured.length > 0) return [...new Set([...configured, ...further])]
  const suggested = challengeScopes.length > 0 ? challengeScopes : scopesSupported
  const offline = server.scopesSupported.includes(offlineAccess) ? [offlineAccess] : []
  return [...new Set([...suggested, ...further, ...offline])]
}

/** `prompt` of the authorization request: as configured; a server need not give offline access without consent (OpenID Connect Core §11). */
export function choosePrompt({ prompt }: UpstreamOAuth, scopes: readonly string[]): string | undefined {
  if (prompt === false) return undefined
  return prompt ?? (scopes.includes(offlineAccess) ? 'consent' : undefined)
}

/** `resource` of every request for a token (RFC 8707 §2), verbatim as the upstream names itself. */
export function chooseResource({ overrides }: UpstreamOAuth, { resource }: DiscoveredUpstream): string | undefined {
  if (overrides.resource === 'omit') return undefined
  return overrides.resource === 'send' ? resource : overrides.resource.value
}
