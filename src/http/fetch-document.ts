import ipaddr from 'ipaddr.js'
import { GatewayError } from '../errors/gateway-error.ts'
import { isLoopbackHost } from '../lib/loopback.ts'
import { createGuardedConnector, flattenHeaders, type LookupAll, readLimited } from './guarded-connector.ts'
import { createAgent, sendRequest } from './undici.ts'

/** A small document, read completely. */
export interface FetchedDocument {
  readonly status: number
  /** Lower-case names. */
  readonly headers: { readonly [name: string]: string }
  readonly body: Buffer
}

/** What one fetch may cost. */
interface FetchLimits {
  /** Default 5 KiB. */
  readonly maxBytes?: number | undefined
  /** For everything: name, connection, headers and body. Default 3 s. */
  readonly timeoutMs?: number | undefined
}

/** Fetches a document that somebody else named. Rejects with `client_metadata_unreachable`; the detail says why. */
export type FetchDocument = (url: string, limits?: FetchLimits) => Promise<FetchedDocument>

/** What only code may change, never a project file: tests serve documents on loopback with a certificate of their own. */
export interface FetchDocumentOptions {
  /** Allows addresses that are not public. */
  readonly allowAddress?: ((address: string) => boolean) | undefined
  /** Plain http to loopback hosts, for what a person at the terminal named. */
  readonly allowLoopbackHttp?: boolean | undefined
  readonly lookup?: LookupAll | undefined
  /** Certificate authority to trust instead of the built-in ones (PEM). */
  readonly certificateAuthority?: string | undefined
}

const defaultMaxBytes = 5 * 1024
const defaultTimeoutMs = 3000

/**
 * The only way out for metadata documents (CIMD, JWKS): https only, no redirects, public addresses only, checked on what the name
 * resolves to and again on the address that was dialled, so that a second DNS answer cannot move it. Answers must be JSON.
 */
export function createFetchDocument(options: FetchDocumentOptions = {}): FetchDocument {
  const allows = (address: string) => isPublicAddress(address) || options.allowAddress?.(address) === true
  const connect = createGuardedConnector({ ...options, connectTimeoutMs: defaultTimeoutMs }, allows)
  const agent = createAgent({ connect, keepAliveTimeout: 1000, pipelining: 0 })
  return async (url, limits = {}) => {
    const target = checkTarget(url, allows, options.allowLoopbackHttp === true)
    const maxBytes = limits.maxBytes ?? defaultMaxBytes
    const signal = AbortSignal.timeout(limits.timeoutMs ?? defaultTimeoutMs)
    try {
      const answer = await sendRequest(agent, target, { signal, headers: { accept: 'application/json' } })
      const headers = flattenHeaders(answer.headers)
      const body = await readLimited(answer.body, headers, maxBytes)
      if (!isJson(headers['content-type'])) throw refusal('the answer is not JSON')
      return { status: answer.statusCode, headers, body }
    } catch (error) {
      throw error instanceof GatewayError ? error : refusal(describe(error), error)
    }
  }
}

/** True for addresses on the public internet. Everything special-use (RFC 6890), also hidden in an IPv6 form, is not. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast') return false
  // 2000::/3 is all of IPv6 that is assigned as global unicast; IPv4-compatible and other leftovers are outside.
  return parsed.kind() === 'ipv4' || ((parsed.toByteArray()[0] ?? 0) & 0xe0) === 0x20
}

function checkTarget(url: string, allows: (address: string) => boolean, allowsLoopbackHttp: boolean): URL {
  const target = URL.parse(url)
  const isPlainLoopback = allowsLoopbackHttp && target?.protocol === 'http:' && isLoopbackHost(target.hostname)
  if (target === null || !(target.protocol === 'https:' || isPlainLoopback))
    throw refusal('only https URLs are fetched')
  if (target.username !== '' || target.password !== '') throw refusal('the URL carries user information')
  const host = target.hostname.startsWith('[') ? target.hostname.slice(1, -1) : target.hostname
  if (ipaddr.isValid(host) && !allows(host)) throw refusal('the address is not public')
  return target
}

function isJson(contentType: string | undefined): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'))
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error)
}

function refusal(detail: string, cause?: unknown): GatewayError {
  return new GatewayError('client_metadata_unreachable', { detail, cause })
}
