import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { HttpExchange } from '../http/exchange.ts'
import { answerSession } from './answer-session.ts'
import type { PipelineHost, Route } from './route.ts'

let close = () => {}
afterEach(() => close())

/** The request of a client that has left. */
async function receiveLost(): Promise<HttpExchange> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  close = () => server.close()
  const { port } = server.address() as AddressInfo
  const client = request({ port, host: '127.0.0.1', headers: { accept: 'text/event-stream' } })
  client.on('error', () => undefined).end()
  const [incoming, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse]
  const closed = once(response, 'close')
  client.destroy()
  await closed
  return new HttpExchange(
    incoming,
    response,
    { name: 'tracker', path: '/mcp/tracker' },
    '/mcp/tracker',
    '',
    '127.0.0.1',
  )
}

test('a stream for a client that left during its sign-in is let go at once, and its place is free', async () => {
  const exchange = await receiveLost()
  let cancelled = 0
  let free = 0
  const stream = { cancel: () => void cancelled++ }
  const route = {
    hasStream: true,
    handler: { openStream: async () => stream },
    streamSlots: { take: () => () => void free++ },
  }
  const answered = answerSession(exchange, route as unknown as Route, {} as PipelineHost)
  await expect(answered).rejects.toMatchObject({ reason: 'request_cancelled' })
  expect([cancelled, free]).toEqual([1, 1])
})
