import type { ClientCertificate } from '../contracts/upstream.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { isLoopbackHost } from '../lib/loopback.ts'
import { isPublicAddress } from './fetch-document.ts'
import { createGuardedConnector, flattenHeaders, readLimited } from './guarded-connector.ts'
import { createAgent, sendRequest } from './undici.ts'

/** One request to an authorization server, or for a document that leads to it. */
export interface AuthorizationServerRequest {
  readonly method: string
  readonly headers: { readonly [name: string]: string }
  readonly body: string | undefined
  /** For everything: name, connection, headers and body. */
  readonly timeoutMs: number
  /** Only status and challenge are of interest: the body, which may be a stream without end, is not read. */
  readonly challengeOnly?: boolean | undefined
}

/** Sends a request to an authorization server. Rejects with the reason of the door; the detail says why. */
export type CallAuthorizationServer = (url: string, options: AuthorizationServerRequest) => Promise<Response>

/** Which addresses are reached. */
export interface CallAuthorizationServerOptions {
  /** Reason of every failure: it says whose server it was. */
  readonly unreachable: 'identity_provider_unreachable' | 'credential_provider_unreachable'
  /** Hosts (with port) that the operator wrote down: they may be in a private network. All others must be public. */
  readonly trustedHosts: ReadonlySet<string>
  /** Plain http to loopback hosts, for development. */
  readonly allowLoopbackHttp: boolean
  /** Loopback hosts are as good as written down, on any port. Default: they are not. */
  readonly trustLoopback?: boolean | undefined
  /** The one host (with port) that wants a certificate of the gateway, and the certificate. No other host sees it. */
  readonly certificateHost?: { readonly host: string; readonly certificate: ClientCertificate } | undefined
}

const maxBytes = 512 * 1024
const connectTimeoutMs = 5000
/** Headers that are kept with a body. OAuth libraries take a challenge for the whole error, and never look at the body that says more. */
const bodyHeaders = ['content-type', 'retry-after']
const challengeHeaders = ['www-authenticate']

/**
 * The only way out to authorization servers, of people as of upstreams: https, no redirects, capped. What metadata names is a host of
 * somebody else, so it must be public; the hosts of the project's options need not be.
 */
export function createCallAuthorizationServer(options: CallAuthorizationServerOptions): CallAuthorizationServer {
  const dial = (allows: (address: string) => boolean, clientCertificate?: ClientCertificate) => {
    const connect = createGuardedConnector({ connectTimeoutMs, clientCertificate }, allows)
    return createAgent({ connect, keepAliveTimeout: 1000, pipelining: 0 })
  }
  const trusted = dial(() => true)
  const open = dial(isPublicAddress)
  const { certificateHost } = options
  const certified = certificateHost && dial(() => true, certificateHost.certificate)
  const choose = ({ host }: URL, isTrusted: boolean) =>
    certified !== undefined && host === certificateHost?.host ? certified : isTrusted ? trusted : open
  const refuse = (url: string, reason: string, cause?: unknown) => {
    const { host = '', pathname = '' } = URL.parse(url) ?? {}
    return new GatewayError(options.unreachable, { detail: `${host}${pathname}: ${reason}`, cause })
  }
  return async (url, { method, headers, body, timeoutMs, challengeOnly = false }) => {
    const target = URL.parse(url)
    if (target === null || !isAllowed(target, options)) throw refuse(url, 'only https URLs are called')
    const isTrusted = trusts(target, options)
    try {
      // An address in the URL itself is never looked up, so the connector sees it only after it was dialled.
      if (!isTrusted && isPrivateLiteral(target.hostname)) throw new Error('the address is not public')
      const dispatcher = choose(target, isTrusted)
      const signal = AbortSignal.timeout(timeoutMs)
      const answer = await sendRequest(dispatcher, target, { method, headers, body: body ?? null, signal })
      const answerHeaders = flattenHeaders(answer.headers)
      if (challengeOnly) answer.body.on('error', () => {}).destroy()
      const bytes = challengeOnly ? Buffer.alloc(0) : await readLimited(answer.body, answerHeaders, maxBytes)
      return toResponse(answer.statusCode, answerHeaders, challengeOnly ? challengeHeaders : bodyHeaders, bytes)
    } catch (error) {
      throw refuse(url, error instanceof Error ? error.message || error.name : String(error), error)
    }
  }
}

function isAllowed(target: URL, { allowLoopbackHttp }: CallAuthorizationServerOptions): boolean {
  if (target.username !== '' || target.password !== '') return false
  return (
    target.protocol === 'https:' ||
    (target.protocol === 'http:' && allowLoopbackHttp && isLoopbackHost(target.hostname))
  )
}

function trusts(
  { host, hostname }: URL,
  { trustedHosts, trustLoopback = false }: CallAuthorizationServerOptions,
): boolean {
  return trustedHosts.has(host) || (trustLoopback && isLoopbackHost(hostname))
}

function isPrivateLiteral(hostname: string): boolean {
  const isAddress = hostname.startsWith('[') || /^[\d.]+$/.test(hostname)
  return isAddress && !isPublicAddress(hostname.replace(/^\[|\]$/g, ''))
}

function toResponse(
  status: number,
  headers: { readonly [name: string]: string },
  names: readonly string[],
  body: Buffer,
): Response {
  const kept = new Headers()
  for (const name of names) if (headers[name] !== undefined) kept.set(name, headers[name])
  const empty = status === 204 || status === 205 || status === 304
  return new Response(empty ? null : new Uint8Array(body), { status, headers: kept })
}
