import type { IncomingMessage } from 'node:http'
import { IncomingMessage as Message } from '../../lib/node-http.ts'

/** What the provider sees instead of what the client sent. */
export interface RewrittenParts {
  readonly url: string
  readonly body: Buffer
  readonly headers?: { readonly [name: string]: string }
}

const forwardingHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port']

/**
 * The same request for the provider, with another URL and body. Scheme and host are those of `publicUrl`: what a client or proxy
 * claims in Host, Forwarded or X-Forwarded-* must never reach an absolute URL or decide whether cookies are secure.
 */
export function rewriteRequest(original: IncomingMessage, parts: RewrittenParts, publicUrl: string): IncomingMessage {
  const rewritten = new Message(original.socket)
  // It shares the socket of the original: it must not close it.
  rewritten._destroy = (error, callback) => callback(error)
  rewritten.method = original.method ?? 'GET'
  rewritten.url = parts.url
  rewritten.httpVersion = original.httpVersion
  rewritten.httpVersionMajor = original.httpVersionMajor
  rewritten.httpVersionMinor = original.httpVersionMinor
  rewritten.headers = rewriteHeaders(original, parts, new URL(publicUrl))
  rewritten.complete = true
  if (parts.body.length > 0) rewritten.push(parts.body)
  rewritten.push(null)
  return rewritten
}

function rewriteHeaders(original: IncomingMessage, parts: RewrittenParts, publicUrl: URL): IncomingMessage['headers'] {
  const headers = { ...original.headers, ...parts.headers }
  for (const name of forwardingHeaders) delete headers[name]
  delete headers['transfer-encoding']
  headers.host = publicUrl.host
  headers['x-forwarded-proto'] = publicUrl.protocol.slice(0, -1)
  if (parts.body.length > 0) headers['content-length'] = String(parts.body.length)
  else delete headers['content-length']
  return headers
}
