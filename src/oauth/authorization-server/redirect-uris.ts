/** Narrower than `isLoopbackHost`: RFC 8252 §7.3 and §8.3 name only these. */
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])
/**
 * Schemes that run code, read local files, are handled by the browser itself or send the answer to a host without TLS. All others may be
 * private-use: applications choose theirs, and few write them as a reversed domain.
 */
const refusedSchemes = new Set([
  'javascript:',
  'vbscript:',
  'data:',
  'blob:',
  'file:',
  'filesystem:',
  'about:',
  'view-source:',
  'ws:',
  'wss:',
  'ftp:',
  'ftps:',
  'sftp:',
  'ssh:',
  'telnet:',
  'gopher:',
  'ldap:',
  'ldaps:',
  'smb:',
  'cifs:',
  'afp:',
  'nfs:',
  'dav:',
  'davs:',
  'rdp:',
  'vnc:',
  'mailto:',
  'tel:',
  'sms:',
  'intent:',
  'chrome:',
  'chrome-extension:',
  'moz-extension:',
  'ms-msdt:',
  'ms-settings:',
  'ms-appinstaller:',
  'ms-officecmd:',
  'search-ms:',
  'jar:',
  'feed:',
])
const longestUri = 2048

/**
 * Why a redirect URI cannot be registered, or undefined when it can: https, plain http on loopback (RFC 8252 §7.3), or a
 * private-use scheme (RFC 8252 §7.1) such as `cursor://`: one of `schemes`, or any where the operator does not say.
 */
export function checkRedirectUri(uri: unknown, schemes?: readonly string[]): string | undefined {
  if (typeof uri !== 'string' || uri.length > longestUri) return 'must be strings of at most 2048 characters'
  const parsed = URL.parse(uri)
  if (!parsed || hasControlCharacter(uri)) return 'must be absolute URIs'
  if (uri.includes('#')) return 'must not contain fragments'
  if (parsed.username !== '' || parsed.password !== '') return 'must not contain user information'
  const loopback = loopbackHosts.has(parsed.hostname)
  if (parsed.protocol === 'https:') return loopback ? 'on loopback use http' : checkHostname(parsed.hostname)
  if (parsed.protocol === 'http:') return loopback ? undefined : 'may use http on loopback hosts only'
  const isAllowed = schemes?.includes(parsed.protocol.slice(0, -1)) ?? true
  if (refusedSchemes.has(parsed.protocol) || !isAllowed) return `must not use the ${parsed.protocol} scheme`
  // Without a slash the rest means whatever the program behind the scheme makes of it: a command, another URL.
  return uri.charAt(parsed.protocol.length) === '/' ? undefined : 'of an application must begin with "scheme:/"'
}

/** The URL parser lets `*` and `;` through, which would mean something else in the Content-Security-Policy of our pages. */
function checkHostname(hostname: string): string | undefined {
  return /^[a-z0-9._-]+$|^\[[0-9a-f:.]+\]$/.test(hostname) ? undefined : 'must name a host'
}

/** True when what follows the redirect can only be a program on the same machine. */
export function isLocalRedirect(uri: string): boolean {
  const parsed = URL.parse(uri)
  return parsed !== null && parsed.protocol === 'http:' && loopbackHosts.has(parsed.hostname)
}

/** Who receives the redirect, for people: the host, or the scheme of an application. */
export function describeRedirect(uri: string): string {
  const parsed = URL.parse(uri)
  if (!parsed) return 'unknown'
  return parsed.protocol === 'https:' || parsed.protocol === 'http:'
    ? parsed.host
    : `${parsed.protocol}//${parsed.host}`
}

/** The CSP `form-action` source that covers a redirect: Chromium applies form-action to every redirect after a form post. */
export function formActionSource(uri: string): string | undefined {
  const parsed = URL.parse(uri)
  if (!parsed) return undefined
  // An IPv6 address is not a valid host source.
  if ((parsed.protocol === 'https:' || parsed.protocol === 'http:') && !parsed.hostname.startsWith('['))
    return parsed.origin
  return parsed.protocol
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code <= 0x20 || code === 0x7f || code === 0x5c) return true
  }
  return false
}
