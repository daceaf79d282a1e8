import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { createClientAddressReader } from './client-address.ts'

function read(trustedProxies: readonly string[], peer: string, forwarded?: string): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return createClientAddressReader(trustedProxies)({
    socket: { remoteAddress: peer },
    headers,
  } as unknown as IncomingMessage)
}

test('without trusted proxies the peer is the client, whatever it claims', () => {
  expect(read([], '198.51.100.7', '203.0.113.1')).toBe('198.51.100.7')
})

test.each([
  ['a peer that is no proxy is not believed', '198.51.100.7', '203.0.113.1', '198.51.100.7'],
  ['a proxy names the client', '10.0.0.2', '203.0.113.1', '203.0.113.1'],
  ['what the client wrote itself stands further left', '10.0.0.2', '192.0.2.66, 203.0.113.1', '203.0.113.1'],
  ['proxies in between are skipped', '10.0.0.2', '203.0.113.1, 10.9.9.9, 192.168.1.1', '203.0.113.1'],
  ['what is not an address is skipped', '10.0.0.2', '203.0.113.1, unknown, ', '203.0.113.1'],
  ['only proxies: the peer', '10.0.0.2', '10.0.0.3', '10.0.0.2'],
  ['no header: the peer', '10.0.0.2', undefined, '10.0.0.2'],
  ['an IPv4 proxy behind an IPv6 socket', '::ffff:10.0.0.2', '203.0.113.1', '203.0.113.1'],
  ['IPv6 throughout', 'fd00::2', '2001:db8::1', '2001:db8::1'],
])('%s', (_title, peer, forwarded, client) => {
  expect(read(['10.0.0.0/8', '192.168.1.1', 'fd00::/8'], peer, forwarded)).toBe(client)
})
