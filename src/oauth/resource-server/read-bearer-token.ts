import type { IncomingHttpHeaders } from 'node:http'

const scheme = 'bearer '
/** Prefixes of the tokens that this gateway issues. */
const ownToken = /sp_(?:[ar]t|key)_/

/**
 * The access token of a request, undefined when it carries none, or `token_misplaced` when it sends one in any way but
 * `Authorization: Bearer` (RFC 6750 §2; MCP forbids tokens in the query): in the URL, under another scheme, or several at once.
 */
export function readBearerToken(
  headers: Readonly<IncomingHttpHeaders>,
  search: string,
): { readonly token: string } | 'token_misplaced' | undefined {
  if (carriesToken(search)) return 'token_misplaced'
  const value = headers.authorization
  if (value === undefined) return undefined
  if (value.slice(0, scheme.length).toLowerCase() !== scheme) return 'token_misplaced'
  const token = value.slice(scheme.length).trim()
  // Two credentials in one header, or a list of challenges sent back.
  if (token.includes(',') || token.includes(' ')) return 'token_misplaced'
  return { token }
}

/** True for a query with a token, under any name: the query may go on to the upstream, and to logs on the way. */
export function carriesToken(search: string): boolean {
  if (search === '') return false
  for (const [name, value] of new URLSearchParams(search)) {
    if (name === 'access_token' || ownToken.test(name) || ownToken.test(value)) return true
  }
  return false
}

/** True for a text with a credential that this gateway issued in it, valid or not: nothing that may go to an upstream. */
export function holdsOwnToken(text: string): boolean {
  return ownToken.test(text)
}

/** Prefix of the access tokens that this gateway issues. */
const accessTokenPrefix = 'sp_at_'

/** True for what looks like an access token of this gateway, valid or not. */
export function isAccessToken(token: string): boolean {
  return token.startsWith(accessTokenPrefix)
}
