import { Pool } from 'undici'
import { isLoopbackHost } from '../lib/loopback.ts'
import { isPublicAddress } from './fetch-document.ts'
import { createGuardedConnector, type LookupAll } from './guarded-connector.ts'
import type { PoolLimits } from './send-upstream.ts'

/** Which addresses somebody who is no operator may make the gateway call. */
export interface AddressRules {
  /** Hosts, with port where it is not the usual one, that may be anywhere and need no https. */
  readonly allowedHosts: readonly string[]
  /** In development this machine may be called, without https. */
  readonly allowLoopback: boolean
}

/** Decides on an address that a host name stands for. */
export type AllowsAddress = (address: string) => boolean

/** Which addresses may be dialled for a URL; a sentence, why none. */
export function judgeUrl(url: URL, { allowedHosts, allowLoopback }: AddressRules): AllowsAddress | string {
  if (url.username !== '' || url.password !== '') return 'A URL with a user name or a password is not called.'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'Only http and https URLs are called.'
  const names = [url.host, url.hostname].map((name) => name.toLowerCase())
  if (allowedHosts.some((host) => names.includes(host.toLowerCase()))) return () => true
  if (allowLoopback && isLoopbackHost(url.hostname)) return isLoopbackAddress
  if (url.protocol !== 'https:') return 'Only https URLs are called.'
  const isAddress = url.hostname.startsWith('[') || /^[\d.]+$/.test(url.hostname)
  const literal = url.hostname.replaceAll(/^\[|\]$/g, '')
  // An address in the URL itself is never looked up, so the connector sees it only after it was dialled.
  if (isLoopbackHost(url.hostname) || (isAddress && !isPublicAddress(literal)))
    return 'The address is not a public one.'
  return isPublicAddress
}

function isLoopbackAddress(address: string): boolean {
  return /^(127\.|::1$|::ffff:127\.)/.test(address)
}

/** Connections to one origin that reach allowed addresses only. */
export function createGuardedPool(origin: string, limits: PoolLimits, allows: AllowsAddress, lookup?: LookupAll): Pool {
  return new Pool(origin, {
    connections: limits.connections,
    connect: createGuardedConnector({ connectTimeoutMs: limits.connectMs, lookup }, allows),
    headersTimeout: limits.firstByteMs,
    bodyTimeout: limits.idleMs,
    pipelining: 1,
    allowH2: false,
  })
}
