import type { IncomingMessage } from 'node:http'

const loopbackAddresses = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])
const namePattern = /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,63}$/u

/**
 * True when dev login may be used by this request: the peer and the Host are loopback, and no proxy stands in between. The Host
 * check keeps a page that rebinds its DNS name to 127.0.0.1 out.
 */
export function allowsDevLogin(request: IncomingMessage): boolean {
  if (!loopbackAddresses.has(request.socket.remoteAddress ?? '')) return false
  if (request.headers['x-forwarded-for'] !== undefined || request.headers.forwarded !== undefined) return false
  const host = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname
  return host !== undefined && loopbackHosts.has(host)
}

/** The subject id for a typed name, or undefined when the name cannot be one. */
export function readDevLoginName(typed: string): string | undefined {
  const name = typed.trim().normalize('NFC')
  return namePattern.test(name) ? name : undefined
}
