import { type LookupAddress, lookup as lookupInDns } from 'node:dns'
import ipaddr from 'ipaddr.js'
import { Agent, buildConnector, request } from 'undici'
import { GatewayError } from '../errors/gateway-error.ts'

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

/** Resolves a name to addresses, as `dns.lookup` with `all`. */
export type LookupAll = (hostname: string, callback: (error: Error | null, addresses: LookupAddress[]) => void) => void

/** What only code may change, never a project file: tests serve documents on loopback with a certificate of their own. */
export interface FetchDocumentOptions {
  /** Allows addresses that are not public. */
  readonly allowAddress?: ((address: string) => boolean) | undefined
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
  const agent = new Agent({ connect: createGuardedConnector(options, allows), keepAliveTimeout: 1000, pipelining: 0 })
  return async (url, limits = {}) => {
    const target = checkTarget(url, allows)
    const maxBytes = limits.maxBytes ?? defaultMaxBytes
    const signal = AbortSignal.timeout(limits.timeoutMs ?? defaultTimeoutMs)
    try {
      const answer = await request(target, { dispatcher: agent, signal, headers: { accept: 'application/json' } })
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

function checkTarget(url: string, allows: (address: string) => boolean): URL {
  const target = URL.parse(url)
  if (target?.protocol !== 'https:') throw refusal('only https URLs are fetched')
  if (target.username !== '' || target.password !== '') throw refusal('the URL carries user information')
  const host = target.hostname.startsWith('[') ? target.hostname.slice(1, -1) : target.hostname
  if (ipaddr.isValid(host) && !allows(host)) throw refusal('the address is not public')
  return target
}

function createGuardedConnector(
  options: FetchDocumentOptions,
  allows: (address: string) => boolean,
): buildConnector.connector {
  const lookupAll = options.lookup ?? ((hostname, callback) => lookupInDns(hostname, { all: true }, callback))
  const connect = buildConnector({
    timeout: defaultTimeoutMs,
    ...(options.certificateAuthority === undefined ? {} : { ca: options.certificateAuthority }),
    lookup: (hostname, lookupOptions, callback) => {
      lookupAll(hostname, (error, addresses) => {
        const first = addresses?.[0]
        if (error || !first) callback(error ?? new Error('the name does not resolve'), '')
        else if (!addresses.every(({ address }) => allows(address)))
          callback(new Error('the address is not public'), '')
        else if (lookupOptions.all) callback(null, addresses)
        else callback(null, first.address, first.family)
      })
    },
  })
  return (connectOptions, callback) => {
    connect(connectOptions, (...result) => {
      const [error, socket] = result
      if (error !== null) callback(error, null)
      else if (socket.remoteAddress !== undefined && allows(socket.remoteAddress)) callback(null, socket)
      else {
        socket.destroy()
        callback(new Error('the address is not public'), null)
      }
    })
  }
}

async function readLimited(
  body: AsyncIterable<Buffer> & { destroy(): unknown },
  headers: { readonly [name: string]: string },
  maxBytes: number,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  if (Number(headers['content-length'] ?? 0) > maxBytes) {
    body.destroy()
    throw refusal(`the document is larger than ${maxBytes} bytes`)
  }
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) {
      body.destroy()
      throw refusal(`the document is larger than ${maxBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

function isJson(contentType: string | undefined): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'))
}

function flattenHeaders(headers: { [name: string]: string | string[] | undefined }): { [name: string]: string } {
  const flat: { [name: string]: string } = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error)
}

function refusal(detail: string, cause?: unknown): GatewayError {
  return new GatewayError('client_metadata_unreachable', { detail, cause })
}
