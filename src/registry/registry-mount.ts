import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../contracts/clock.ts'
import type { VirtualServer } from '../contracts/virtual-server.ts'
import type { Mount } from '../http/dispatch.ts'
import { limitRequests, type RequestLimits } from '../http/limit-requests.ts'
import { sha256 } from '../lib/hash.ts'
import { defaultTenant } from '../lib/tenant.ts'
import { answerRegistry, listEntries, type RegistryAnswer, type RegistryEntries } from './answer-registry.ts'

/** What the registry needs of the gateway. Read at every request, so a reload counts at once. */
export interface RegistryMountOptions {
  readonly basePath: string
  readonly servers: () => readonly VirtualServer[]
  /** Whether there is a registry, and the tenants that have one of their own. */
  readonly settings: () => { readonly enabled: boolean; readonly tenants: readonly string[] }
  readonly clientAddressOf: (request: IncomingMessage) => string
  readonly clock: Clock
  readonly requestLimits?: RequestLimits | undefined
}

/** As for the metadata of the authorization server: clients behind one address share it. */
const defaultLimits: RequestLimits = { perAddress: 10_000, total: 100_000, windowSeconds: 600 }

const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, OPTIONS',
  'access-control-allow-headers': 'Authorization, Content-Type',
} as const

/**
 * Read-only MCP registry (OpenAPI 2025-12-01) of the virtual servers: `{basePath}/registry/v0.1/…` shows those of no tenant and of the
 * default one, `{basePath}/registry/<tenant>/v0.1/…` those of no tenant and of that one. Public: there is nothing in it that needs a token.
 */
export function createRegistryMount(options: RegistryMountOptions): Mount {
  const root = `${options.basePath}/registry/`
  const take = limitRequests(options.requestLimits ?? defaultLimits, options.clock)
  const entriesOf = rememberEntries(options)
  return {
    owns: (path) => path.startsWith(root) && options.settings().enabled,
    handle(request, response, path) {
      if (request.method === 'OPTIONS') {
        response.writeHead(204, { ...cors, 'access-control-max-age': '3600' }).end()
        return
      }
      const wait = take(options.clientAddressOf(request))
      if (wait > 0) {
        const body = { error: 'Too many requests' }
        send(request, response, { status: 429, body, headers: { 'retry-after': String(wait) } })
        return
      }
      const [tenant, segments] = readPath(path.slice(root.length))
      const entries = entriesOf(tenant)
      const query = new URL(request.url ?? '/', 'http://registry').searchParams
      const answer = entries && answerRegistry(request.method ?? 'GET', segments, query, entries)
      send(request, response, answer ?? { status: 404, body: { error: 'Not found' } })
    },
  }
}

/** Tenant and the segments behind `v0.1`; without that version nothing is left, and nothing is found. */
function readPath(path: string): readonly [tenant: string, segments: readonly string[]] {
  const segments = path.replace(/\/$/, '').split('/')
  if (segments[0] === 'v0.1') return [defaultTenant, segments.slice(1)]
  return [segments[0] ?? '', segments[1] === 'v0.1' ? segments.slice(2) : []]
}

/** The entries of a tenant, made once per project; undefined for tenants without a registry, which a caller cannot tell from no tenant. */
function rememberEntries({ servers, settings }: RegistryMountOptions) {
  let made = new Map<string, RegistryEntries>()
  let madeOf: readonly VirtualServer[] | undefined
  return (tenant: string): RegistryEntries | undefined => {
    if (tenant !== defaultTenant && !settings().tenants.includes(tenant)) return undefined
    const current = servers()
    if (madeOf !== current) [made, madeOf] = [new Map(), current]
    const known = made.get(tenant)
    if (known) return known
    const entries = listEntries(current.filter((server) => server.tenant === undefined || server.tenant === tenant))
    made.set(tenant, entries)
    return entries
  }
}

function send(request: IncomingMessage, response: ServerResponse, { status, body, headers }: RegistryAnswer): void {
  const text = JSON.stringify(body)
  const etag = `"${sha256(text)}"`
  const isKnown = status === 200 && request.headers['if-none-match'] === etag
  response.writeHead(isKnown ? 304 : status, {
    ...cors,
    'x-content-type-options': 'nosniff',
    ...(status === 200 ? { etag, 'cache-control': 'public, max-age=60' } : { 'cache-control': 'no-store' }),
    ...headers,
    ...(!isKnown && {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(text)),
    }),
  })
  response.end(request.method === 'HEAD' || isKnown ? undefined : text)
}
