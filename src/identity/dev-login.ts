import type { IncomingMessage } from 'node:http'
import { isLoopbackHost } from '../lib/loopback.ts'

const loopbackAddresses = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])
const namePattern = /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,63}$/u

const proxyHeaders = ['x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'forwarded', 'via']

/**
 * True when dev login may be used by this request: the peer, the Host and the public URL are loopback, and no proxy stands in
 * between. The Host check keeps a page out that rebinds its DNS name to 127.0.0.1; the check of the public URL keeps people out
 * who come through a proxy that rewrites Host and says nothing of itself.
 */
export function allowsDevLogin(request: IncomingMessage, publicUrl: string): boolean {
  if (!loopbackAddresses.has(request.socket.remoteAddress ?? '')) return false
  if (proxyHeaders.some((name) => request.headers[name] !== undefined)) return false
  return isLoopbackUrl(`http://${request.headers.host ?? ''}`) && isLoopbackUrl(publicUrl)
}

function isLoopbackUrl(url: string): boolean {
  return isLoopbackHost(URL.parse(url)?.hostname ?? '')
}

/** The subject id for a typed name, or undefined when the name cannot be one. */
export function readDevLoginName(typed: string): string | undefined {
  const name = typed.trim().normalize('NFC')
  return namePattern.test(name) ? name : undefined
}
