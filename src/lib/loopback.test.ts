import { expect, test } from 'vitest'
import { isLoopbackHost } from './loopback.ts'

test.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.10', '::1', '[::1]'])('%s is this machine', (host) => {
  expect(isLoopbackHost(host)).toBe(true)
})

test.each(['', 'localhost.example', 'a.localhost', '127.0.0.1.example', '128.0.0.1', '0.0.0.0', '::', '[::2]'])(
  '%j may be another',
  (host) => {
    expect(isLoopbackHost(host)).toBe(false)
  },
)
