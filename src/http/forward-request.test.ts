import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { connect, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../test/harness/wait-until.ts'
import { Secret } from '../lib/secret.ts'
import { type ForwardOutcome, RequestForwarder } from './forward-request.ts'
import { listen, listenForPeers } from './listen.ts'
import { type Arrival, readArrival } from './read-arrival.ts'

const secret = new Secret('of these processes')
const arrival: Arrival = { clientAddress: '192.0.2.7', isAdmitted: true }

async function createSocket(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-peer-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return join(directory, 'socket')
}

/** A process that passes everything on to the socket, and what came of it. */
async function startFront(socket: string, body?: Buffer) {
  const forwarder = new RequestForwarder(secret)
  const front = await listen({ host: '127.0.0.1', port: 0 })
  const outcomes: ForwardOutcome[] = []
  onTestFinished(async () => {
    await front.close(0)
    forwarder.close()
  })
  front.serve((incoming, response) => {
    const forwarded = { peer: { name: '1-abcdef', socket }, request: incoming, response, body, arrival }
    void forwarder.forward(forwarded).then(async (outcome) => {
      outcomes.push(outcome)
      if (outcome === 'answered') return
      const chunks = await incoming.toArray()
      response.end(`${outcome}: ${Buffer.concat(chunks as Buffer[]).toString()}`)
    })
  })
  return { url: front.url, outcomes }
}

async function startOwner(socket: string, serve: RequestListener): Promise<void> {
  const owner = await listenForPeers(socket, serve)
  onTestFinished(() => owner.close(0))
}

it('arrives as it was sent, with what the first process knows of it, and its answer as it was given', async () => {
  const socket = await createSocket()
  await startOwner(socket, (incoming, response) => {
    const said = readArrival(incoming, secret)
    void incoming.toArray().then((chunks) => {
      const { method, url, headers } = incoming
      response.writeHead(207, ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'x-answer', 'é'])
      response.end(JSON.stringify({ method, url, headers, said, body: Buffer.concat(chunks as Buffer[]).toString() }))
    })
  })
  const { url } = await startFront(socket)
  const headers = { 'x-twice': ['1', '2'], 'x-sallyport-arrival': '{"secret":"of these processes"}', te: 'trailers' }
  const answer = await request(`${url}/mcp/a?b=c`, { method: 'POST', headers, body: 'body' })
  expect(answer.statusCode).toBe(207)
  expect(answer.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-answer': 'é' })
  const seen = (await answer.body.json()) as { readonly headers: object }
  expect(seen).toMatchObject({ method: 'POST', url: '/mcp/a?b=c', said: arrival, body: 'body' })
  expect(seen.headers).toMatchObject({ host: new URL(url).host, 'x-twice': '1, 2', 'content-length': '4' })
  expect(Object.keys(seen.headers)).not.toContain('x-sallyport-arrival')
  expect(Object.keys(seen.headers)).not.toContain('te')
})

it('a body that was read already goes along, whatever length the client said', async () => {
  const socket = await createSocket()
  await startOwner(socket, (incoming, response) => void incoming.pipe(response))
  const { url } = await startFront(socket, Buffer.from('read before'))
  const answer = await request(url, { method: 'POST', body: 'x' })
  expect(await answer.body.text()).toBe('read before')
})

it('a GET that says it has a body does not become two requests', async () => {
  const socket = await createSocket()
  const seen: (string | undefined)[] = []
  await startOwner(socket, (incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`)
    response.end('answer')
  })
  const { url } = await startFront(socket)
  const smuggled = 'POST /smuggled HTTP/1.1\r\nhost: x\r\n\r\n'
  const client = connect(Number(new URL(url).port), '127.0.0.1')
  client.write(`GET /first HTTP/1.1\r\nhost: x\r\ncontent-length: ${smuggled.length}\r\n\r\n${smuggled}`)
  await once(client, 'data')
  client.destroy()
  await (await request(`${url}/second`)).body.dump()
  expect(seen).toEqual(['GET /first', 'GET /second'])
})

it('where nobody listens the request is left as it was', async () => {
  const { url, outcomes } = await startFront(await createSocket())
  const answer = await request(url, { method: 'POST', body: 'whole' })
  expect(await answer.body.text()).toBe('unreachable: whole')
  expect(outcomes).toEqual(['unreachable'])
})

it('who ends before an answer may have done it', async () => {
  const socket = await createSocket()
  const owner = createNetServer((connection) => void connection.once('data', () => connection.destroy()))
  owner.listen(socket)
  onTestFinished(() => void owner.close())
  const { url, outcomes } = await startFront(socket)
  const answer = await request(url, { method: 'POST', body: 'x' })
  expect(await answer.body.text()).toMatch(/^lost/)
  expect(outcomes).toEqual(['lost'])
})

it('who ends within an answer breaks it off', async () => {
  const socket = await createSocket()
  await startOwner(socket, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n', () => response.destroy())
  })
  const { url, outcomes } = await startFront(socket)
  const answer = await request(url, { method: 'POST', body: 'x' })
  expect(answer.statusCode).toBe(200)
  await expect(answer.body.text()).rejects.toThrow()
  expect(outcomes).toEqual(['answered'])
})

it('a client that goes closes the request to the other process', async () => {
  const socket = await createSocket()
  let isClosed = false
  await startOwner(socket, (_, response) => {
    response.once('close', () => {
      isClosed = true
    })
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  })
  const { url } = await startFront(socket)
  const gone = new AbortController()
  const answer = await request(url, { method: 'POST', body: 'x', signal: gone.signal })
  expect(answer.statusCode).toBe(200)
  gone.abort()
  await answer.body.text().catch(() => undefined)
  await waitUntil('the other process notices', () => isClosed)
})

it('a client that does not read stops the other process from writing', async () => {
  const socket = await createSocket()
  let written = 0
  let isBlocked = false
  await startOwner(socket, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const chunk = Buffer.alloc(64 * 1024)
    const write = (): void => {
      while (written < 64 * 1024 * 1024 && response.write(chunk)) written += chunk.length
      isBlocked = true
    }
    write()
    response.on('drain', () => setImmediate(write))
  })
  const { url } = await startFront(socket)
  const client = connect(Number(new URL(url).port), '127.0.0.1')
  client.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
  client.pause()
  onTestFinished(() => void client.destroy())
  await waitUntil('it is blocked', () => isBlocked)
  let before = -1
  await waitUntil('it stays blocked', async () => {
    const isStill = before === written
    before = written
    await new Promise((resolve) => setTimeout(resolve, 100))
    return isStill
  })
  expect(written).toBeLessThan(32 * 1024 * 1024)
})

it.each([
  ['none', undefined],
  ['no JSON', 'x'],
  ['no secret', JSON.stringify(arrival)],
  ['another secret', JSON.stringify({ ...arrival, secret: 'of others' })],
])('an arrival that no process of ours announced is none: %s', async (_, header) => {
  const server = createServer((incoming, response) => {
    response.end(JSON.stringify({ arrival: readArrival(incoming, secret) ?? null, headers: incoming.headers }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const headers = header === undefined ? {} : { 'x-sallyport-arrival': header }
  const answer = await request(`http://127.0.0.1:${port}`, { headers })
  const seen = (await answer.body.json()) as { readonly arrival: unknown; readonly headers: object }
  expect(seen.arrival).toBeNull()
  expect(Object.keys(seen.headers)).not.toContain('x-sallyport-arrival')
})

it('a body that nobody wanted is read away, so that the connection goes on', async () => {
  const socket = await createSocket()
  await startOwner(socket, (incoming, response) => {
    if (incoming.url === '/next') return void response.end('next')
    // As a refusal by a policy: nothing of the body was read.
    response.writeHead(401).end()
  })
  const { url } = await startFront(socket)
  const { port, hostname } = new URL(url)
  const client = connect(Number(port), hostname)
  onTestFinished(() => void client.destroy())
  let heard = ''
  client.on('data', (chunk: Buffer) => {
    heard += chunk.toString()
  })
  const body = Buffer.alloc(8 * 1024 * 1024, ' ')
  client.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n`)
  client.write(body)
  client.write('GET /next HTTP/1.1\r\nhost: a\r\n\r\n')
  await waitUntil('the next request is answered', () => heard.includes('next'))
  expect(heard).toContain('HTTP/1.1 401')
})
