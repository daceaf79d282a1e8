import { request } from 'undici'
import { expect, it } from 'vitest'
import { listen } from './listen.ts'

it('answers requests that came before it was ready', async () => {
  const listener = await listen({ host: '127.0.0.1', port: 0 })
  const answer = request(listener.url)
  // The second request is on its way later than the first, and both wait.
  const second = request(listener.url, { method: 'POST', body: 'hello' })
  await new Promise((resolve) => setImmediate(resolve))
  setImmediate(() => listener.serve((_, response) => void response.end('served')))
  expect(await (await answer).body.text()).toBe('served')
  expect(await (await second).body.text()).toBe('served')
  await listener.close(0)
})

it('says what to do when the port is taken', async () => {
  const first = await listen({ host: '127.0.0.1', port: 0 })
  const port = Number(new URL(first.url).port)
  await expect(listen({ host: '127.0.0.1', port })).rejects.toThrow(/is in use.*listen\.port/)
  await first.close(0)
})
