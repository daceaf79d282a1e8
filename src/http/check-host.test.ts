import { expect, test } from 'vitest'
import { allowHosts, checkHost } from './check-host.ts'

const isServed = (
  host: string | undefined,
  allowed = allowHosts('https://mcp.example.com', 'http://10.0.0.1:9000', []),
) => checkHost(host === undefined ? {} : { host }, allowed) === undefined

test.each(['mcp.example.com', 'MCP.Example.com', 'mcp.example.com:443', 'mcp.example.com:8443', '10.0.0.1:9000'])(
  '%s is served: ports and case do not count',
  (host) => {
    expect(isServed(host)).toBe(true)
  },
)

test.each([undefined, '', 'example.com', 'mcp.example.com.evil.example', 'evil.example:443', 'localhost', '127.0.0.1'])(
  '%j is not',
  (host) => {
    expect(isServed(host)).toBe(false)
  },
)

test('the refusal has a reason', () => {
  const refusal = checkHost({ host: 'evil.example' }, new Set())
  expect(refusal?.reason).toBe('host_not_allowed')
  expect(refusal?.details.detail).toBe('Host: evil.example')
})

test('a listener on loopback goes by all names of this machine', () => {
  const allowed = allowHosts('http://127.0.0.1:9000', 'http://127.0.0.1:9000', [])
  for (const host of ['localhost:9000', '127.0.0.1:9000', '[::1]:9000', '[::1]'])
    expect(isServed(host, allowed)).toBe(true)
})

test('other names are added, with or without a port', () => {
  const allowed = allowHosts('https://mcp.example.com', 'http://10.0.0.1:9000', ['Gateway.internal', 'probe:9000'])
  expect(isServed('gateway.internal:80', allowed)).toBe(true)
  expect(isServed('probe', allowed)).toBe(true)
})
