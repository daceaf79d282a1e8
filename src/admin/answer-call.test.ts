import { once } from 'node:events'
import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { describeAddress } from './admin-address.ts'
import type { AdminHost } from './admin-host.ts'
import { createApi } from './answer-call.ts'
import type { AdminSessions } from './sessions.ts'

test('a live tail whose reader went away while the session was looked up ends, and keeps no place', async () => {
  const arrived = Promise.withResolvers<ServerResponse>()
  const found = Promise.withResolvers<object>()
  const handled = Promise.withResolvers<void>()
  const server = createServer((incoming, response) => {
    const api = createApi(host, address, sessions, new AbortController().signal)
    const call = { request: incoming, response, requestId: 'r', path: '/events/stream', query: new URLSearchParams() }
    api.handle(call).then(handled.resolve, handled.reject)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const address = describeAddress(url, '127.0.0.1', undefined)
  const host = { events: () => ({ after: async () => ({ items: [], next: '0.1' }) }) } as unknown as AdminHost
  const sessions = { find: () => found.promise } as unknown as AdminSessions
  server.on('request', (_incoming, response) => arrived.resolve(response))

  const cookie = `sallyport-session-${new URL(url).port}=x`
  const client = request(`${url}/api/admin/events/stream`, { headers: { cookie } }).end()
  client.on('error', () => undefined)
  const response = await arrived.promise
  client.destroy()
  await once(response, 'close')
  found.resolve({ subject: 'ada', tenant: 'default', name: 'Ada', signedInBy: 'local-link' })
  await handled.promise
  expect(response.destroyed).toBe(true)
})
