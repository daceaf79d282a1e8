import type { SignInSettings } from '../../contracts/virtual-server.ts'

/** The lists of hosts whose metadata documents are accepted as clients, and are not. */
export type DocumentHosts = Pick<SignInSettings, 'cimdAllowedHosts' | 'cimdDeniedHosts'>

/**
 * True when a client may have its metadata document at this host. Denied goes before allowed; without a list of allowed hosts all
 * others are. `*.example.com` stands for every name below example.com, not for example.com itself. Ports do not count.
 */
export function admitsDocumentHost(clientId: string, { cimdAllowedHosts, cimdDeniedHosts }: DocumentHosts): boolean {
  const host = URL.parse(clientId)?.hostname
  if (host === undefined) return false
  const isListed = (patterns: readonly string[]) => patterns.some((pattern) => matches(host, pattern.toLowerCase()))
  return !isListed(cimdDeniedHosts ?? []) && (cimdAllowedHosts === undefined || isListed(cimdAllowedHosts))
}

function matches(host: string, pattern: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern
}
