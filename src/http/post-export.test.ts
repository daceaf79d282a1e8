import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createPostExport } from './post-export.ts'

let server: Server
let origin: string
let answer: RequestListener
let door: ReturnType<typeof createPostExport>

beforeEach(async () => {
  server = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  door = createPostExport()
})
afterEach(async () => {
  await door.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const post = (url = origin) => door.post(url, { headers: { authorization: 'Bearer sent' }, body: 'secret body' })

test('says status, when to come again, and how the answer begins', async () => {
  answer = (_, response) => response.writeHead(429, { 'retry-after': '7' }).end('slow down')
  expect(await post()).toEqual({ status: 429, body: 'slow down', retryAfterMs: 7000 })
  answer = (_, response) => response.writeHead(503, { 'retry-after': '99999999' }).end()
  expect((await post()).retryAfterMs).toBe(300_000)
  answer = (_, response) => response.writeHead(503, { 'retry-after': 'Sat, 21 Nov 2026 00:00:00 GMT' }).end()
  expect((await post()).retryAfterMs).toBeUndefined()
})

test('an answer without end is read as far as it is shown, and no further', async () => {
  let sent = 0
  let isOver = false
  answer = (_, response) => {
    response.once('close', () => {
      isOver = true
    })
    const more = () => {
      if (isOver) return
      sent += 16_384
      response.write('x'.repeat(16_384), () => setImmediate(more))
    }
    more()
  }
  const { status, body } = await post()
  expect(status).toBe(200)
  expect(body).toBe('x'.repeat(4096))
  await expect.poll(() => isOver).toBe(true)
  expect(sent).toBeLessThan(16 * 1024 * 1024)
})

test('goes where it was sent and nowhere else', async () => {
  const paths: (string | undefined)[] = []
  answer = (request, response) => {
    paths.push(request.url)
    response.writeHead(307, { location: `${origin}/elsewhere` }).end()
  }
  expect((await post(`${origin}/here`)).status).toBe(307)
  expect(paths).toEqual(['/here'])
})

test('a failure names the host, and nothing of the request', async () => {
  const failure = await post('http://127.0.0.1:9/path?key=in-the-query').catch((error: unknown) => error as Error)
  expect((failure as Error).message).toMatch(/^127\.0\.0\.1:9 does not answer: /)
  expect((failure as Error).message).not.toMatch(/in-the-query|Bearer|secret body/)
})
