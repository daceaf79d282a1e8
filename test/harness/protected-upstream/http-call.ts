import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TLSSocket } from 'node:tls'

/** One request, read whole. */
export interface Call {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Common name of the client certificate. */
  readonly certificate: string | undefined
}

/** What is sent back: a text as it is, anything else as JSON. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Key material of an https listener; `clientAuthority` demands client certificates. PEM. */
export interface TlsFiles {
  readonly key: string
  readonly cert: string
  readonly clientAuthority: string
}

/** Listens on a free loopback port. An answer of `hang-up` ends the connection. Returns the origin. */
export async function listenOnLoopback(
  answer: (call: Call) => Promise<Answer | 'hang-up'>,
  tls: TlsFiles | undefined,
): Promise<string> {
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => response.destroy())
    request.on('end', () => {
      const { socket } = request
      const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate()?.subject?.CN : undefined
      const call: Call = {
        method: request.method ?? 'GET',
        url: new URL(request.url ?? '/', origin()),
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        certificate: typeof certificate === 'string' ? certificate : undefined,
      }
      void answer(call)
        .catch((error: unknown): Answer => ({ status: 500, body: String(error) }))
        .then((given) => write(response, given))
    })
  }
  const server = tls
    ? createTlsServer({ ...tls, ca: tls.clientAuthority, requestCert: true, rejectUnauthorized: true }, listener)
    : createServer(listener)
  const origin = () => `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return origin()
}

function write(response: ServerResponse, answer: Answer | 'hang-up'): void {
  if (answer === 'hang-up') return void response.destroy()
  const { status, headers, body } = answer
  const isText = typeof body === 'string' || body === undefined
  const type = isText ? 'text/html' : 'application/json'
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers })
  response.end(isText ? body : JSON.stringify(body))
}

/** An OAuth error (RFC 6749 §5.2). */
export function oauthError(error: string, description: string, status = 400): Answer {
  return { status, body: { error, error_description: description } }
}
