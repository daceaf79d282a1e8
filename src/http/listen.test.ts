import { once } from 'node:events'
import { request } from 'node:http'
import { expect, it } from 'vitest'
import { listen } from './listen.ts'

it('answers requests that came before it was ready', async () => {
  const listener = await listen({ host: '127.0.0.1', port: 0 })
  const early = request(listener.url, { method: 'POST', headers: { expect: '100-continue' } })
  early.flushHeaders()
  // The server says so when it has the request in hand.
  await once(early, 'continue')
  listener.serve((_, response) => void response.writeHead(204).end())
  early.end()
  const [answer] = (await once(early, 'response')) as [{ statusCode: number }]
  expect(answer.statusCode).toBe(204)
  early.destroy()
  await listener.close(0)
})

it('says what to do when the port is taken', async () => {
  const first = await listen({ host: '127.0.0.1', port: 0 })
  const port = Number(new URL(first.url).port)
  await expect(listen({ host: '127.0.0.1', port })).rejects.toThrow(/is in use.*listen\.port/)
  await first.close(0)
})
