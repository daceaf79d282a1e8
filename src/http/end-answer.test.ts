import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { endAnswer } from './end-answer.ts'
import { holdAnswers } from './hold-answer.ts'

let close = () => {}
afterEach(() => close())

/** Collects the responses of `count` clients, whose answers are texts, or undefined where there was none. */
async function collect(count: number, commit?: () => Promise<boolean>) {
  const responses: ServerResponse[] = []
  const arrived = Promise.withResolvers<void>()
  const handle = (_request: IncomingMessage, response: ServerResponse) => {
    if (responses.push(response) === count) arrived.resolve()
  }
  const server = createServer(commit ? holdAnswers(handle, commit) : handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  close = () => server.close()
  const { port } = server.address() as AddressInfo
  const answers = Array.from({ length: count }, () => readAnswer(port).catch(() => undefined))
  await arrived.promise
  return { responses, answers }
}

async function readAnswer(port: number): Promise<string> {
  const client = request({ port, host: '127.0.0.1', agent: false }).end()
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  return text(response)
}

test('answers of one turn end together, each with its own body, and whoever hung up disturbs none', async () => {
  const { responses, answers } = await collect(3)
  for (const [index, response] of responses.entries()) {
    response.writeHead(200, { 'content-length': '2' })
    endAnswer(response, `a${index}`)
  }
  expect(responses.map(({ writableEnded }) => writableEnded)).toEqual([false, false, false])
  responses[1]?.destroy()
  await new Promise(setImmediate)
  expect(responses.map(({ writableEnded }) => writableEnded)).toEqual([true, true, true])
  const texts = await Promise.all(answers)
  expect(new Set(texts)).toEqual(new Set(['a0', 'a2', undefined]))
})

test('an answer that is held ends at once: what is lost from then on counts', async () => {
  const commit = Promise.withResolvers<boolean>()
  let isAsked = false
  const { responses, answers } = await collect(1, () => {
    isAsked = true
    return commit.promise
  })
  for (const response of responses) endAnswer(response.writeHead(200, { 'content-length': '4' }), 'done')
  expect(isAsked).toBe(true)
  commit.resolve(true)
  expect(await answers[0]).toBe('done')
})
