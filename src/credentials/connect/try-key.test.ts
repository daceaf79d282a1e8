import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { makeUpstream } from '../../../test/harness/connection-pages.ts'
import { sendProbe } from './send-probe.ts'
import { tryKey } from './try-key.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(() => Promise.all(closing.splice(0).map((close) => close())))

interface Seen {
  readonly method: string | undefined
  readonly key: string | undefined
  readonly message: string | undefined
}

/** An upstream at a real socket; its answer is chosen by the message. Without a key there is none, unless it is open. */
async function serve(
  answer: (message: string | undefined, request: IncomingMessage, response: ServerResponse) => void,
  isOpen = false,
) {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const message = body === '' ? undefined : (JSON.parse(body) as { method: string }).method
      const key = request.headers['x-key'] as string | undefined
      seen.push({ method: request.method, key, message })
      if (key === undefined && message !== undefined && !isOpen) response.writeHead(401).end()
      else answer(message, request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  return { upstream: { ...makeUpstream('maps', 'user-api-key'), url, apiKey: { header: 'x-key', scheme: '' } }, seen }
}

const json = { 'content-type': 'application/json' }
const result = '{"jsonrpc":"2.0","id":1,"result":{}}'

test('a modern server that answers accepts the key, if it answers to nobody without one', async () => {
  const { upstream, seen } = await serve((_message, _request, response) => response.writeHead(200, json).end(result))
  expect(await tryKey(upstream, 'secret', sendProbe)).toBe('accepted')
  expect(seen).toEqual([
    { method: 'POST', key: 'secret', message: 'server/discover' },
    { method: 'POST', key: undefined, message: 'server/discover' },
  ])
})

test('a server that answers everybody says nothing of the key', async () => {
  const { upstream } = await serve((_message, _request, response) => response.writeHead(200, json).end(result), true)
  expect(await tryKey(upstream, 'mistyped', sendProbe)).toBe('untried')
})

test.each([401, 403])('%i means that the key is rejected', async (status) => {
  const { upstream, seen } = await serve((_message, _request, response) => response.writeHead(status).end())
  expect(await tryKey(upstream, 'secret', sendProbe)).toBe('rejected')
  expect(seen).toHaveLength(1)
})

test('an older server is asked by its handshake, and the session that it opened is ended', async () => {
  const { upstream, seen } = await serve((message, request, response) => {
    if (request.method === 'DELETE') response.writeHead(204).end()
    else if (message === 'initialize') response.writeHead(200, { ...json, 'mcp-session-id': 's1' }).end(result)
    else response.writeHead(400, json).end('{}')
  })
  expect(await tryKey(upstream, 'secret', sendProbe)).toBe('accepted')
  expect(seen.map(({ method, message }) => message ?? method)).toEqual([
    'server/discover',
    'initialize',
    'DELETE',
    'initialize',
  ])
})

test('an event stream that never ends is an answer', async () => {
  const { upstream } = await serve((_message, _request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
  })
  expect(await tryKey(upstream, 'secret', sendProbe)).toBe('accepted')
})

test.each([404, 429, 500, 503])('%i says nothing of the key', async (status) => {
  const { upstream } = await serve((_message, _request, response) => response.writeHead(status).end())
  expect(await tryKey(upstream, 'secret', sendProbe)).toBe('untried')
})

test('a server that cannot be reached says nothing of the key', async () => {
  const upstream = { ...makeUpstream('maps', 'user-api-key'), url: 'http://127.0.0.1:9/mcp' }
  expect(await tryKey(upstream, 'secret', sendProbe)).toBe('untried')
})
