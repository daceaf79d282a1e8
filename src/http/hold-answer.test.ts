import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { holdAnswers, holdFromHere } from './hold-answer.ts'

let close = () => {}
afterEach(() => close())

/** Serves one handler, and calls it. What arrived so far is in `text`. */
async function call(handle: (response: ServerResponse) => void, commit: () => Promise<boolean>) {
  const server = createServer(holdAnswers((_request, response) => handle(response), commit))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  close = () => server.close()
  const { port } = server.address() as AddressInfo
  const client = request({ port, host: '127.0.0.1' })
  const failed = once(client, 'error').then(([error]) => error as Error)
  client.end()
  return { client, failed }
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

describe('an answer that is held', () => {
  test('ends when what happened is on disk, and not before', async () => {
    const commit = Promise.withResolvers<boolean>()
    const asked = Promise.withResolvers<void>()
    const { client } = await call(
      (response) => {
        response.writeHead(200, { 'content-length': '4' }).end('done')
        // A second end, as of a framework that closes what is closed, is none.
        response.end()
      },
      () => {
        asked.resolve()
        return commit.promise
      },
    )
    let isAnswered = false
    const answered = once(client, 'response').then(([response]) => {
      isAnswered = true
      return readText(response as IncomingMessage)
    })
    await asked.promise
    await new Promise(setImmediate)
    expect(isAnswered).toBe(false)
    commit.resolve(true)
    expect(await answered).toBe('done')
  })

  test('of a stream: what comes before the answer arrives at once, the answer itself when it is on disk', async () => {
    const commit = Promise.withResolvers<boolean>()
    const { client } = await call(
      (response) => {
        response.writeHead(200)
        response.write('progress;')
        holdFromHere(response)
        expect(response.write('answer;')).toBe(true)
        response.end('end')
      },
      () => commit.promise,
    )
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    const [first] = (await once(response, 'data')) as [Buffer]
    expect(String(first)).toBe('progress;')
    commit.resolve(true)
    expect(await readText(response)).toBe('answer;end')
  })

  test('is broken off when what happened cannot be written', async () => {
    const { failed } = await call(
      (response) => void response.writeHead(200).end('done'),
      async () => false,
    )
    expect((await failed).message).toMatch(/socket hang up|ECONNRESET/)
  })
})

test('answers that nobody holds are written as they are', () => {
  expect(() => holdFromHere({} as ServerResponse)).not.toThrow()
})
