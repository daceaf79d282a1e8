import { compileNames, isGlob, type NameMatcher } from '../../lib/name-matcher.ts'
import {
  canonicalUri,
  isPlainUri,
  matchesUriTemplate,
  parseUriTemplate,
  type UriTemplate,
} from '../../mcp/uri-template.ts'
import { type CapabilityFilterOptions, configuredEntries } from './options.ts'

// Longer URIs are compared with exact entries only: no upstream needs them, and matching stays cheap.
const longestMatchedUri = 8192

/**
 * Which URIs may be read, or undefined when every one may. With a list of resources: those, and what the allowed templates match.
 * A list of templates alone leaves reading open, because the resources are passed through. What is denied is never readable,
 * in no spelling of the URI that servers commonly treat alike.
 */
export function compileReadableUris(options: CapabilityFilterOptions): NameMatcher | undefined {
  const isAllowed = compileAllowed(options)
  const isDenied = compileDenied(options)
  if (!isDenied) return isAllowed
  if (!isAllowed) return (uri) => !isDenied(uri)
  return (uri) => isAllowed(uri) && !isDenied(uri)
}

function compileAllowed(options: CapabilityFilterOptions): NameMatcher | undefined {
  const uris = configuredEntries(options, 'resources')?.map((entry) => entry.key)
  if (!uris) return undefined
  const exact = new Set(uris.filter((uri) => !isGlob(uri)))
  const matchesGlob = compileNames(uris.filter(isGlob))
  const templates = parseAll(configuredEntries(options, 'resourceTemplates')?.map((entry) => entry.key) ?? [])
  return (uri) => {
    if (exact.has(uri)) return true
    if (uri.length > longestMatchedUri || !isPlainUri(uri)) return false
    return matchesGlob(uri) || templates.some((template) => matchesUriTemplate(template, uri))
  }
}

function compileDenied(options: CapabilityFilterOptions): NameMatcher | undefined {
  const uris = options.deny?.resources ?? []
  const templates = parseAll(options.deny?.resourceTemplates ?? [])
  if (uris.length === 0 && templates.length === 0) return undefined
  const isDenied = compileNames([...uris, ...uris.map((uri) => (isGlob(uri) ? uri : canonicalUri(uri)))])
  const matches = (uri: string) => isDenied(uri) || templates.some((template) => matchesUriTemplate(template, uri))
  return (uri) => uri.length > longestMatchedUri || matches(uri) || matches(canonicalUri(uri))
}

function parseAll(templates: readonly string[]): readonly UriTemplate[] {
  return templates.map(parseUriTemplate).filter((template) => template !== undefined)
}
