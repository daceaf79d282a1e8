import { expect, it } from 'vitest'
import { findResponse, translateResponse } from './translate-response.ts'

it.each([
  [-32002, -32602, 200],
  [-32042, -32603, 200],
  [-32020, -32603, 200],
  [-32022, -32603, 200],
  [-32601, -32601, 404],
  [-32602, -32602, 200],
  [-32000, -32000, 200],
  [1234, 1234, 200],
])('error %i becomes %i with status %i', (code, expected, status) => {
  const response = { jsonrpc: '2.0', id: 'hop', error: { code, message: 'm', data: { uri: 'x' } }, 'x-own': 1 }
  expect(translateResponse(response, 'tools/call', 1, undefined)).toEqual({
    status,
    body: { jsonrpc: '2.0', id: 1, error: { code: expected, message: 'm', data: { uri: 'x' } }, 'x-own': 1 },
  })
})

it('finds the response in a batch, and an error without id', () => {
  const response = { jsonrpc: '2.0', id: 4, result: {} }
  const notification = { jsonrpc: '2.0', method: 'notifications/message' }
  expect(findResponse([notification, { jsonrpc: '2.0', id: 4, method: 'ping' }, response], 4)).toBe(response)
  const anonymous = { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'm' } }
  expect(findResponse(anonymous, 4)).toBe(anonymous)
  expect(findResponse({ jsonrpc: '2.0', id: null, result: {} }, 4)).toBeUndefined()
  expect(findResponse('text', 4)).toBeUndefined()
})
