/** One piece of a parsed template: fixed text, or what one expression may expand to. */
type Part =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'run'; readonly prefix: string; readonly stop: RegExp }
  | { readonly kind: 'query'; readonly prefix: string; readonly names: ReadonlySet<string> }

/** A parsed RFC 6570 template. */
export type UriTemplate = readonly Part[]

// What ends the value of an expression. Controls and blanks are never part of a URI.
const segment = /[/\\?#\s\p{Cc}]/u
const path = /[?#\s\p{Cc}]/u
const anything = /[\s\p{Cc}]/u

const deepestEncoding = 4

const expression = /^([+#./;?&]?)([\w.%]+(?:\*|:\d{1,4})?(?:,[\w.%]+(?:\*|:\d{1,4})?)*)$/

/**
 * Parses an RFC 6570 template for matching; undefined when it is not one. What its expressions match:
 * `{a}` `{a,b}` one path segment or part of it; `{+a}` anything, slashes too; `{#a}` `#` and anything; `{.a}` `.` and part of
 * a segment; `{/a}` `/` and one segment; `{/a*}` the rest of the path; `{;a}` `;` and part of a segment; `{?a,b}` `{&a,b}` those
 * query parameters, each at most once, in any order. Expressions with an operator may be absent, `{a}` and `{+a}` may not be empty.
 */
export function parseUriTemplate(template: string): UriTemplate | undefined {
  const parts: Part[] = []
  for (const piece of template.split(/(\{[^{}]*\})/)) {
    if (piece === '') continue
    const part = piece.startsWith('{') ? parseExpression(piece.slice(1, -1)) : parseLiteral(piece)
    if (!part) return undefined
    parts.push(part)
  }
  return parts
}

function parseLiteral(text: string): Part | undefined {
  return /[{}]/.test(text) ? undefined : { kind: 'literal', text }
}

function parseExpression(text: string): Part | undefined {
  const [, operator = '', variables = ''] = expression.exec(text) ?? []
  if (variables === '') return undefined
  if (operator === '?' || operator === '&') {
    return {
      kind: 'query',
      prefix: operator,
      names: new Set(variables.split(',').map((name) => name.replace(/[*:].*$/, ''))),
    }
  }
  if (operator === '+') return { kind: 'run', prefix: '', stop: anything }
  if (operator === '#') return { kind: 'run', prefix: '#', stop: anything }
  return { kind: 'run', prefix: operator, stop: operator === '/' && variables.includes('*') ? path : segment }
}

/**
 * Whether the whole URI has the form of the template. Keeps the set of places reached so far and moves all of them through
 * one part after another, so time is bounded by the length of both; there is no backtracking to provoke.
 */
export function matchesUriTemplate(template: UriTemplate, uri: string): boolean {
  let places = new Set([0])
  for (const part of template) {
    const next = new Set<number>()
    if (part.kind === 'run') moveThroughRun(part, uri, places, next)
    else for (const place of places) moveThroughFixed(part, uri, place, next)
    if (next.size === 0) return false
    places = next
  }
  return places.has(uri.length)
}

function moveThroughFixed(part: Exclude<Part, { kind: 'run' }>, uri: string, place: number, next: Set<number>): void {
  if (part.kind === 'literal') {
    if (uri.startsWith(part.text, place)) next.add(place + part.text.length)
    return
  }
  next.add(place)
  if (!uri.startsWith(part.prefix, place)) return
  const fragment = uri.indexOf('#', place)
  const end = fragment === -1 ? uri.length : fragment
  if (isQueryOf(part.names, uri.slice(place + 1, end))) next.add(end)
}

function isQueryOf(names: ReadonlySet<string>, query: string): boolean {
  const given = query.split('&').map((pair) => pair.split('=', 1)[0] ?? '')
  return given.every((name) => names.has(name)) && new Set(given).size === given.length
}

function moveThroughRun(
  part: Extract<Part, { kind: 'run' }>,
  uri: string,
  places: ReadonlySet<number>,
  next: Set<number>,
): void {
  let covered = 0
  for (const place of [...places].sort((left, right) => left - right)) {
    if (part.prefix !== '') next.add(place)
    if (!uri.startsWith(part.prefix, place)) continue
    let end = Math.max(place + part.prefix.length, covered)
    while (end < uri.length && !part.stop.test(uri.charAt(end))) next.add(++end)
    covered = end
  }
}

/**
 * False for a URI that an upstream may resolve to another place than its text says: dot segments, plain or percent-encoded
 * (also twice), backslashes, control characters, broken percent-encoding. Globs and templates match no such URI.
 */
export function isPlainUri(uri: string): boolean {
  const decoded = decodeFully(uri)
  return (
    decoded !== undefined && !/[\\\p{Cc}]/u.test(decoded) && !/(?:^|[/?#&=;,:])\.{1,2}(?:[/?#&=;,]|$)/.test(decoded)
  )
}

/**
 * One spelling for URIs that most servers treat alike: percent-encoding decoded, dot segments resolved, backslashes as slashes,
 * scheme and host in lower case. Only for recognising what is denied, never for sending.
 */
export function canonicalUri(uri: string): string {
  const decoded = (decodeFully(uri) ?? uri).replaceAll('\\', '/')
  const parsed = URL.parse(decoded)
  return parsed ? (decodeFully(parsed.href) ?? parsed.href) : decoded
}

/** Percent-decodes until nothing is left to decode; undefined when the text is not valid percent-encoding or nested too deeply. */
function decodeFully(text: string): string | undefined {
  let decoded = text
  for (let round = 0; decoded.includes('%'); round++) {
    if (round === deepestEncoding) return undefined
    try {
      decoded = decodeURIComponent(decoded)
    } catch {
      return round === 0 ? undefined : decoded
    }
  }
  return decoded
}
