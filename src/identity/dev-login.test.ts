import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { allowsDevLogin, readDevLoginName } from './dev-login.ts'

function requestOf(remoteAddress: string, headers: IncomingMessage['headers']): IncomingMessage {
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage
}

test.each([
  ['127.0.0.1', { host: 'localhost:9000' }, true],
  ['::1', { host: '[::1]:9000' }, true],
  ['::ffff:127.0.0.1', { host: '127.0.0.1' }, true],
  ['127.0.0.1', { host: '127.0.0.2:9000' }, true],
  ['10.0.0.5', { host: 'localhost:9000' }, false],
  ['127.0.0.1', { host: 'rebound.example' }, false],
  ['127.0.0.1', { host: 'localhost.evil.example' }, false],
  ['127.0.0.1', {}, false],
  ['127.0.0.1', { host: 'localhost', 'x-forwarded-for': '10.0.0.5' }, false],
  ['127.0.0.1', { host: 'localhost', forwarded: 'for=10.0.0.5' }, false],
  ['127.0.0.1', { host: 'localhost', via: '1.1 proxy' }, false],
])('from %s with %j: %s', (address, headers, allowed) => {
  expect(allowsDevLogin(requestOf(address, headers), 'http://127.0.0.1:9000')).toBe(allowed)
})

test('nobody signs in to a gateway with a public name by typing one', () => {
  expect(allowsDevLogin(requestOf('127.0.0.1', { host: '127.0.0.1:9000' }), 'https://gateway.example')).toBe(false)
})

test.each(['ada', ' ada ', 'ada.lovelace@example.com', 'Zoë', 'a+b', '7of9'])('%j can be a name', (name) => {
  expect(readDevLoginName(name)).toBe(name.trim().normalize('NFC'))
})

test.each(['', ' ', '-x', 'a b', 'a/b', '<b>', 'a\nb', 'a'.repeat(65), '../x'])('%j cannot', (name) => {
  expect(readDevLoginName(name)).toBeUndefined()
})
