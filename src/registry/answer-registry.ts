import type { VirtualServer } from '../contracts/virtual-server.ts'
import { describeServer, type ServerDetail } from './describe-server.ts'

/** What the registry says to one request. */
export interface RegistryAnswer {
  readonly status: number
  readonly body: object
  readonly headers?: { readonly [name: string]: string }
}

/** Entries by name; the order of pages. */
export type RegistryEntries = ReadonlyMap<string, ServerDetail>

const defaultLimit = 30
const mostPerPage = 100
const longestSearch = 200
// RFC 3339 §5.6.
const timestamp = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/** The servers that one registry shows, in the order of their names. */
export function listEntries(servers: readonly VirtualServer[]): RegistryEntries {
  const entries = servers.filter(({ registry }) => registry?.listed !== false).map(describeServer)
  return new Map(
    entries.toSorted((left, right) => (left.name < right.name ? -1 : 1)).map((entry) => [entry.name, entry]),
  )
}

/**
 * Answers a request below `/v0.1` (registry API, OpenAPI 2025-12-01). `segments` are those of its path, as sent. Nothing can be published:
 * what would change something is refused with the status that the specification has for that.
 */
export function answerRegistry(
  method: string,
  segments: readonly string[],
  query: URLSearchParams,
  entries: RegistryEntries,
): RegistryAnswer {
  const target = readTarget(segments)
  if (target === undefined) return refuse(404, 'Not found')
  if (method === 'GET' || method === 'HEAD') return answerRead(target, query, entries)
  return answerWrite(method, target)
}

type Target =
  | { readonly kind: 'servers' | 'publish' | 'status' | 'version-status' }
  | { readonly kind: 'versions'; readonly name: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: string }

/** The name is one segment with an encoded slash; proxies that decode it make two. */
function readTarget(segments: readonly string[]): Target | undefined {
  const decoded = decodeAll(segments)
  const [family, ...rest] = decoded ?? []
  if (family === 'publish' && rest.length === 0) return { kind: 'publish' }
  if (family !== 'servers') return undefined
  if (rest.length === 0) return { kind: 'servers' }
  const [first = '', ...others] = rest
  const isWhole = first.includes('/')
  const name = isWhole ? first : `${first}/${others[0]}`
  const [member, version, last, ...more] = isWhole ? others : others.slice(1)
  if (more.length > 0) return undefined
  if (member === 'status' && version === undefined) return { kind: 'status' }
  if (member !== 'versions') return undefined
  if (version === undefined) return { kind: 'versions', name }
  if (last === undefined) return { kind: 'version', name, version }
  return last === 'status' ? { kind: 'version-status' } : undefined
}

function decodeAll(segments: readonly string[]): readonly string[] | undefined {
  try {
    return segments.map(decodeURIComponent)
  } catch {
    return undefined
  }
}

function answerRead(target: Target, query: URLSearchParams, entries: RegistryEntries): RegistryAnswer {
  if (target.kind === 'servers') return answerPage(query, entries)
  if (target.kind !== 'versions' && target.kind !== 'version') return notAllowed(target)
  const server = entries.get(target.name)
  if (server === undefined) return refuse(404, 'Server not found')
  if (target.kind === 'versions') return page([server], undefined)
  return target.version === 'latest' || target.version === server.version
    ? { status: 200, body: { server } }
    : refuse(404, 'Server version not found')
}

function answerPage(query: URLSearchParams, entries: RegistryEntries): RegistryAnswer {
  const limit = readLimit(query.get('limit'))
  if (limit === undefined) return refuse(400, 'limit must be an integer from 1 on')
  const after = readCursor(query.get('cursor'))
  if (after === undefined) return refuse(400, 'cursor is not one that this registry gave')
  const search = query.get('search')?.toLowerCase() ?? ''
  if (search.length > longestSearch) return refuse(400, `search has more than ${longestSearch} characters`)
  const since = query.get('updated_since')
  // It selects nothing: when an entry changed is not recorded, and too many are better than one that is missed.
  if (since !== null && (!timestamp.test(since) || Number.isNaN(Date.parse(since))))
    return refuse(400, 'updated_since must be an RFC 3339 date and time')
  const version = query.get('version') ?? 'latest'
  const matching = [...entries.values()].filter(
    (entry) =>
      entry.name > after &&
      entry.name.toLowerCase().includes(search) &&
      (version === 'latest' || version === '' || entry.version === version),
  )
  const shown = matching.slice(0, limit)
  return page(shown, matching.length > limit ? shown.at(-1)?.name : undefined)
}

function page(servers: readonly ServerDetail[], lastName: string | undefined): RegistryAnswer {
  const next = lastName === undefined ? {} : { nextCursor: Buffer.from(lastName).toString('base64url') }
  const metadata = { ...next, count: servers.length }
  return { status: 200, body: { servers: servers.map((server) => ({ server })), metadata } }
}

function readLimit(text: string | null): number | undefined {
  if (text === null || text === '') return defaultLimit
  return /^[1-9]\d{0,8}$/.test(text) ? Math.min(Number(text), mostPerPage) : undefined
}

/** The name that the page before ended with; empty for the first page. */
function readCursor(text: string | null): string | undefined {
  if (text === null || text === '') return ''
  const name = Buffer.from(text, 'base64url').toString('utf8')
  const isOurs = Buffer.from(name).toString('base64url') === text && /^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/.test(name)
  return isOurs ? name : undefined
}

const readable: ReadonlySet<Target['kind']> = new Set(['servers', 'versions', 'version'])
const optional: { readonly [method: string]: readonly [kind: Target['kind'], message: string] } = {
  POST: ['publish', 'Publishing is not supported by this registry'],
  PUT: ['version', 'Updates are not supported by this registry'],
  DELETE: ['version', 'Deletion is not supported by this registry'],
}

/** Publishing is optional in the specification and has a status for registries without; changing a status has not. */
function answerWrite(method: string, target: Target): RegistryAnswer {
  const [kind, message] = optional[method] ?? []
  if (kind === target.kind && message !== undefined) return refuse(501, message)
  if (method === 'PATCH' && (target.kind === 'status' || target.kind === 'version-status'))
    return refuse(403, 'Nobody may change a status in this registry')
  return notAllowed(target)
}

function notAllowed({ kind }: Target): RegistryAnswer {
  const headers = { allow: readable.has(kind) ? 'GET, HEAD, OPTIONS' : 'OPTIONS' }
  return { ...refuse(405, 'Method not allowed'), headers }
}

function refuse(status: number, error: string): RegistryAnswer {
  return { status, body: { error } }
}
