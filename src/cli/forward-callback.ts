import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { equalSecrets } from '../lib/hash.ts'
import { UsageError } from './describe-error.ts'

/** A listener on this computer that passes the answer of an upstream on to the gateway. */
export interface CallbackForwarder {
  readonly port: number
  /** Resolves when the gateway said that the upstream is connected. */
  readonly connected: Promise<void>
  close(): Promise<void>
}

/** What is passed on. The gateway checks everything; nothing is kept or read here. */
export interface CallbackForwarderOptions {
  /** The gateway with its base path, without a closing slash. */
  readonly gatewayUrl: string
  readonly upstream: string
  /** What this sign-in is known by: the gateway ends the `state` with it. */
  readonly nonce: string
  /** Tried in this order. */
  readonly ports: readonly number[]
}

/** Parameters of an authorization response (RFC 6749 §4.1.2, RFC 9207). */
const answerParameters = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri']

/**
 * Listens on 127.0.0.1 for the browser that comes back from an upstream, and sends it on to the gateway it came from (RFC 8252 §7.3). Answers
 * of other sign-ins, and requests for another host (DNS rebinding), get 404.
 */
export async function startCallbackForwarder(options: CallbackForwarderOptions): Promise<CallbackForwarder> {
  let markConnected = () => {}
  const connected = new Promise<void>((resolve) => {
    markConnected = resolve
  })
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo
    const target = findTarget(request, port, options)
    if (target === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is nothing here.\n')
      return
    }
    send(response, target.location)
    if (target.isLast) response.on('finish', markConnected)
  })
  await listenOnLoopback(server, options.ports)
  return {
    port: (server.address() as AddressInfo).port,
    connected,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Where a request is sent on to; undefined when it has nothing to do with this sign-in. */
function findTarget(
  { method, headers, url = '/' }: IncomingMessage,
  port: number,
  { gatewayUrl, upstream, nonce }: CallbackForwarderOptions,
): { readonly location: string; readonly isLast: boolean } | undefined {
  if (method !== 'GET' || headers.host !== `127.0.0.1:${port}` || !url.startsWith('/')) return undefined
  const asked = URL.parse(url, `http://127.0.0.1:${port}`)
  const list = `${gatewayUrl}/auth/connections`
  if (asked?.pathname === '/connected' && equalSecrets(asked.searchParams.get('nonce') ?? '', nonce)) {
    const query = new URLSearchParams({ upstream, notice: 'connected' })
    return { location: `${list}?${query.toString()}`, isLast: true }
  }
  const ending = asked?.searchParams.get('state')?.split('.').at(-1) ?? ''
  if (asked?.pathname !== '/callback' || !equalSecrets(ending, nonce)) return undefined
  const query = new URLSearchParams()
  for (const name of answerParameters) {
    for (const value of asked.searchParams.getAll(name)) query.append(name, value)
  }
  return { location: `${list}/callback?${query.toString()}`, isLast: false }
}

function send(response: ServerResponse, location: string): void {
  const headers = { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', connection: 'close' }
  response.writeHead(303, headers).end()
}

async function listenOnLoopback(server: Server, [port, ...others]: readonly number[]): Promise<void> {
  if (port === undefined) throw new UsageError('every port for the answer is in use. Stop what listens there.')
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    await listenOnLoopback(server, others)
  }
}

/** The gateway that a person wrote on the command line. Throws a `UsageError` for what would carry the answer in the clear. */
export function readGatewayUrl(text: string, isLoopback: (host: string) => boolean): string {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))))
    throw new UsageError('the gateway must be an https URL (or http on this computer).')
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    throw new UsageError('write the gateway without a query, fragment or user.')
  return url.href.replace(/\/+$/, '')
}
