import { Agent, request } from 'undici'
import { GatewayError } from '../errors/gateway-error.ts'
import { isLoopbackHost } from '../lib/loopback.ts'
import { isPublicAddress } from './fetch-document.ts'
import { createGuardedConnector, flattenHeaders, readLimited } from './guarded-connector.ts'

/** One request to an identity provider. */
export interface IdentityRequest {
  readonly method: string
  readonly headers: { readonly [name: string]: string }
  readonly body: string | undefined
  /** For everything: name, connection, headers and body. */
  readonly timeoutMs: number
}

/** Sends a request to an identity provider. Rejects with `identity_provider_unreachable`; the detail says why. */
export type CallIdentityProvider = (url: string, options: IdentityRequest) => Promise<Response>

/** Which addresses are reached. */
export interface CallIdentityProviderOptions {
  /** Hosts (with port) that the operator wrote down: they may be in a private network. All others must be public. */
  readonly trustedHosts: ReadonlySet<string>
  /** Plain http to loopback hosts, for development. */
  readonly allowLoopbackHttp: boolean
}

const maxBytes = 512 * 1024
const connectTimeoutMs = 5000

/**
 * The only way out to identity providers: https, no redirects, capped. What a provider's own metadata names is a host of somebody
 * else, so it must be public; the hosts of the project's options need not be.
 */
export function createCallIdentityProvider(options: CallIdentityProviderOptions): CallIdentityProvider {
  const dial = (allows: (address: string) => boolean) =>
    new Agent({ connect: createGuardedConnector({ connectTimeoutMs }, allows), keepAliveTimeout: 1000, pipelining: 0 })
  const trusted = dial(() => true)
  const open = dial(isPublicAddress)
  return async (url, { method, headers, body, timeoutMs }) => {
    const target = URL.parse(url)
    if (target === null || !isAllowed(target, options)) throw refusal(url, 'only https URLs are called')
    const isTrusted = options.trustedHosts.has(target.host)
    try {
      // An address in the URL itself is never looked up, so the connector sees it only after it was dialled.
      if (!isTrusted && isPrivateLiteral(target.hostname)) throw new Error('the address is not public')
      const dispatcher = isTrusted ? trusted : open
      const signal = AbortSignal.timeout(timeoutMs)
      const answer = await request(target, { method, headers, body: body ?? null, dispatcher, signal })
      const answerHeaders = flattenHeaders(answer.headers)
      const bytes = await readLimited(answer.body, answerHeaders, maxBytes)
      return toResponse(answer.statusCode, answerHeaders, bytes)
    } catch (error) {
      throw refusal(url, error instanceof Error ? error.message || error.name : String(error), error)
    }
  }
}

function isAllowed(target: URL, { allowLoopbackHttp }: CallIdentityProviderOptions): boolean {
  if (target.username !== '' || target.password !== '') return false
  return (
    target.protocol === 'https:' ||
    (target.protocol === 'http:' && allowLoopbackHttp && isLoopbackHost(target.hostname))
  )
}

function isPrivateLiteral(hostname: string): boolean {
  const isAddress = hostname.startsWith('[') || /^[\d.]+$/.test(hostname)
  return isAddress && !isPublicAddress(hostname.replace(/^\[|\]$/g, ''))
}

function toResponse(status: number, headers: { readonly [name: string]: string }, body: Buffer): Response {
  const { 'content-type': contentType } = headers
  const kept = contentType === undefined ? {} : { 'content-type': contentType }
  const empty = status === 204 || status === 205 || status === 304
  return new Response(empty ? null : new Uint8Array(body), { status, headers: kept })
}

function refusal(url: string, reason: string, cause?: unknown): GatewayError {
  const { host = '', pathname = '' } = URL.parse(url) ?? {}
  return new GatewayError('identity_provider_unreachable', { detail: `${host}${pathname}: ${reason}`, cause })
}
