import { parseChallenges } from '../../lib/parse-challenges.ts'

/** What an upstream says when it wants a token (RFC 6750 §3, RFC 9728 §5.1). */
export interface UpstreamChallenge {
  readonly resourceMetadata: string | undefined
  readonly scopes: readonly string[]
  readonly error: string | undefined
}

/** Longer than any honest challenge; a hostile one costs no more than this. */
const longestHeader = 8 * 1024
const mostScopes = 100

/** The challenge among those of a `WWW-Authenticate` header that leads to a token: one that names metadata, else the first for Bearer. */
export function readChallenge(header: string | null | undefined): UpstreamChallenge | undefined {
  if (header === null || header === undefined) return undefined
  const offered = parseChallenges(header.slice(0, longestHeader)).filter(({ scheme }) => tokenSchemes.has(scheme))
  const chosen = offered.find(({ parameters }) => parameters.has('resource_metadata')) ?? offered[0]
  if (chosen === undefined) return undefined
  const { parameters } = chosen
  return {
    resourceMetadata: parameters.get('resource_metadata'),
    scopes: readScopes(parameters.get('scope')),
    error: parameters.get('error'),
  }
}

const tokenSchemes = new Set(['bearer', 'dpop'])
/** RFC 6749 §3.3. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/

/** The scopes of a list, each once; what is none is left out. */
export function readScopes(value: unknown): readonly string[] {
  const words: readonly unknown[] = typeof value === 'string' ? value.split(/\s+/) : Array.isArray(value) ? value : []
  const scopes = words.filter((word): word is string => typeof word === 'string' && scopeToken.test(word))
  return [...new Set(scopes)].slice(0, mostScopes)
}
