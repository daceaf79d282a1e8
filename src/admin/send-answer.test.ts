import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from 'undici'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { sendAnswer, sendEvents } from './send-answer.ts'

let server: Server
let answer: (response: ServerResponse) => void

beforeEach(async () => {
  server = createServer((_request, response) => answer(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  vi.useRealTimers()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const ask = () => request(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
const declaration = {
  id: 'x',
  method: 'GET',
  path: '/x',
  tag: 'X',
  role: 'viewer',
  summary: 'X.',
  answer: z.object({ name: z.string() }),
} as const

it('sends nothing that the declaration does not have', async () => {
  answer = (response) => sendAnswer(response, declaration, { name: 'a', secret: 'b' }, {})
  expect(await (await ask()).body.json()).toEqual({ name: 'a' })
})

it('does not send what is not as declared', async () => {
  let thrown: unknown
  answer = (response) => {
    try {
      sendAnswer(response, declaration, { name: 1 }, {})
    } catch (error) {
      thrown = error
      response.writeHead(500).end()
    }
  }
  expect((await ask()).statusCode).toBe(500)
  expect(thrown).toBeInstanceOf(z.ZodError)
})

/** Waits for nothing, for ever, or until nobody listens any more. */
async function* silence(signal: AbortSignal): AsyncGenerator<{ id: string; data: unknown }> {
  yield { id: '1', data: { name: 'first' } }
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

it('a stream ends with the first heartbeat after its reader may not read any more', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const gone = new AbortController()
  let isAllowed = true
  let asked = 0
  answer = (response) => {
    response.once('close', () => gone.abort())
    void sendEvents(response, declaration.answer, silence(gone.signal), gone.signal, async () => {
      asked += 1
      return isAllowed
    })
  }
  const { body, headers } = await ask()
  expect(headers['content-type']).toContain('text/event-stream')
  const text = body.text()
  await vi.advanceTimersByTimeAsync(15_000)
  isAllowed = false
  await vi.advanceTimersByTimeAsync(15_000)
  expect(await text).toBe(': begin\n\nid: 1\ndata: {"name":"first"}\n\n: \n\n')
  expect(asked).toBe(2)
})
