import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'

/** Says on whose behalf a connection speaks. */
export type ClientAddressReader = (request: IncomingMessage) => string

/**
 * The peer's address, or, when the peer is one of `trustedProxies` (addresses or CIDR ranges), the right-most address of
 * X-Forwarded-For that is not a trusted proxy itself. Entries further left can be forged by the client.
 */
export function createClientAddressReader(trustedProxies: readonly string[]): ClientAddressReader {
  if (trustedProxies.length === 0) return (request) => request.socket.remoteAddress ?? ''
  const ranges = trustedProxies.map((entry) => (entry.includes('/') ? ipaddr.parseCIDR(entry) : wholeAddress(entry)))
  const isTrusted = (address: string): boolean => {
    if (!ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return ranges.some(([range, bits]) => range.kind() === parsed.kind() && parsed.match(range, bits))
  }
  return (request) => {
    const peer = request.socket.remoteAddress ?? ''
    const forwarded = request.headers['x-forwarded-for']
    if (forwarded === undefined || !isTrusted(peer)) return peer
    const hops = String(forwarded)
      .split(',')
      .map((hop) => hop.trim())
    return hops.findLast((hop) => ipaddr.isValid(hop) && !isTrusted(hop)) ?? peer
  }
}

function wholeAddress(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const address = ipaddr.process(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** What limits count as one caller: an IPv4 address, or the /64 that one IPv6 customer has at least. */
export function networkOf(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return (parsed as ipaddr.IPv6).parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')
}
