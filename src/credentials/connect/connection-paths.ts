import { tenantPattern } from '../../lib/tenant.ts'

/** Pages for somebody who is signed in. */
export type PersonalEndpoint =
  | { readonly kind: 'list' }
  | { readonly kind: 'connect' | 'disconnect' | 'key'; readonly upstream: string }

/** What a path below `{basePath}/auth/connections` stands for. */
export type ConnectionsEndpoint = PersonalEndpoint | { readonly kind: 'callback' } | { readonly kind: 'unknown' }

/** How a person came to a page of an upstream, and where they want to go afterwards. It travels in the query and in the form. */
export interface ConnectRequest {
  /** Sealed; absent when the person came from the list or the consent page. */
  readonly ticket: string | undefined
  /** In which tenant, where the person may act in several. */
  readonly tenant: string | undefined
  /** A path of this gateway. */
  readonly returnPath: string | undefined
  /** The answer of the upstream comes back through a program on the person's computer. */
  readonly local: LocalListener | undefined
}

/** A program that waits at a loopback port, and the number that it knows its own sign-in by. */
export interface LocalListener {
  readonly port: number
  readonly nonce: string
}

/**
 * Ports that a program on a person's computer may listen at. Each is a redirect URI of its own, for which the gateway registers at the
 * authorization server of an upstream: few, so that nobody can make it register without end.
 */
export const localPorts = [33_719, 33_720, 33_721, 33_722, 33_723, 33_724, 33_725, 33_726] as const

const upstreamPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const noncePattern = /^[A-Za-z0-9_-]{22,64}$/
/** One with all the scopes that a step-up may ask for, of people and servers with long names. */
const maxTicketLength = 6144

/** Path of the list; every other page of the connections is below it. */
export function listPath(basePath: string): string {
  return `${basePath}/auth/connections`
}

/** The endpoint at a path. */
export function findConnectionsEndpoint(path: string, basePath: string): ConnectionsEndpoint {
  const root = listPath(basePath)
  if (path === root) return { kind: 'list' }
  if (!path.startsWith(`${root}/`)) return { kind: 'unknown' }
  const [upstream = '', page, ...rest] = path.slice(root.length + 1).split('/')
  if (upstream === 'callback' && page === undefined) return { kind: 'callback' }
  if (rest.length > 0 || !upstreamPattern.test(upstream)) return { kind: 'unknown' }
  return page === 'connect' || page === 'disconnect' || page === 'key' ? { kind: page, upstream } : { kind: 'unknown' }
}

/** Path of a page of one upstream, with its request in the query. */
export function upstreamPath(
  basePath: string,
  upstream: string,
  page: 'connect' | 'disconnect' | 'key',
  request: Partial<ConnectRequest> = {},
): string {
  const query = new URLSearchParams(listRequestFields(request).map(([name, value]) => [name, value])).toString()
  return `${listPath(basePath)}/${upstream}/${page}${query === '' ? '' : `?${query}`}`
}

/** The fields of a request as query and form carry them. */
export function listRequestFields(request: Partial<ConnectRequest>): readonly (readonly [string, string])[] {
  const { ticket, tenant, returnPath, local } = request
  const fields: (readonly [string, string])[] = []
  if (ticket !== undefined) fields.push(['ticket', ticket])
  if (tenant !== undefined) fields.push(['tenant', tenant])
  if (returnPath !== undefined) fields.push(['return', returnPath])
  if (local !== undefined) fields.push(['local', String(local.port)], ['nonce', local.nonce])
  return fields
}

/** Reads a query or form. What is not of the right shape is left out: nobody is ever sent to a place that it names. */
export function readConnectRequest(fields: URLSearchParams, basePath: string): ConnectRequest {
  const ticket = fields.get('ticket') ?? undefined
  const tenant = fields.get('tenant') ?? ''
  const port = Number(fields.get('local') ?? Number.NaN)
  const nonce = fields.get('nonce') ?? ''
  const isLocal = localPorts.some((each) => each === port) && noncePattern.test(nonce)
  return {
    ticket: ticket === undefined || ticket.length > maxTicketLength ? undefined : ticket,
    tenant: tenantPattern.test(tenant) ? tenant : undefined,
    returnPath: admitReturnPath(fields.get('return'), basePath),
    local: isLocal ? { port, nonce } : undefined,
  }
}

/** A consent page that waits for its upstream; nothing else is ever returned to. */
function admitReturnPath(path: string | null, basePath: string): string | undefined {
  const prefix = `${basePath}/oauth/consent/`
  if (path === null || !path.startsWith(prefix)) return undefined
  return /^[A-Za-z0-9_-]{10,64}$/.test(path.slice(prefix.length)) ? path : undefined
}
