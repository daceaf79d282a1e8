import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '../errors/gateway-error.ts'
import type { AdminAddress } from './admin-address.ts'

/** A header that neither a form nor another site without our leave can send. */
const ownHeader = 'x-sallyport-admin'

/**
 * Refuses a Host that is not ours: a name that somebody else's DNS points here would otherwise make their page our origin (DNS rebinding).
 */
export function checkAdminHost({ host }: IncomingHttpHeaders, address: AdminAddress): GatewayError | undefined {
  if (host !== undefined && address.answersTo(host)) return undefined
  return new GatewayError('host_not_allowed', {
    detail: `Host: ${host?.slice(0, 260) ?? 'none'} at the admin listener`,
  })
}

/**
 * Refuses what another site makes a browser send. A change needs the Origin of the console and a header that other sites cannot add without a
 * preflight, which is never granted; browsers that send Fetch Metadata are believed where it says no.
 */
export function checkCall(
  method: string,
  headers: IncomingHttpHeaders,
  address: AdminAddress,
): GatewayError | undefined {
  const { origin } = headers
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && !(site === 'none' && isSafe(method)))
    return refuse(`Sec-Fetch-Site: ${site.slice(0, 40)}`)
  if (origin !== undefined && origin !== address.origin) return refuse(`Origin: ${origin.slice(0, 260)}`)
  if (isSafe(method)) return undefined
  if (origin === undefined) return refuse('a change without Origin')
  return headers[ownHeader] === '1' ? undefined : refuse(`a change without ${ownHeader}`)
}

/**
 * Refuses a step of a sign-in that is no navigation of the whole window, or that only prefetches. `fromOurselves`: neither may another site
 * have begun it.
 */
export function checkNavigation(headers: IncomingHttpHeaders, fromOurselves: boolean): GatewayError | undefined {
  const { 'sec-fetch-dest': dest, 'sec-fetch-mode': mode, 'sec-fetch-site': site, 'sec-purpose': purpose } = headers
  if (purpose !== undefined) return refuse('a prefetch')
  if (mode !== undefined && mode !== 'navigate') return refuse(`Sec-Fetch-Mode: ${mode.slice(0, 40)}`)
  if (dest !== undefined && dest !== 'document') return refuse(`Sec-Fetch-Dest: ${dest.slice(0, 40)}`)
  if (fromOurselves && site !== undefined && site !== 'same-origin' && site !== 'none')
    return refuse(`Sec-Fetch-Site: ${site.slice(0, 40)}`)
  return undefined
}

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function refuse(detail: string): GatewayError {
  return new GatewayError('admin_cross_site', { detail })
}
