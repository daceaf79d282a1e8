import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { signIn } from '../harness/write-project.ts'

let upstream: EchoUpstream
let gateway: TestGateway
let token: string
beforeAll(async () => {
  upstream = await startEchoUpstream()
  const server = { upstream: upstream.url, inbound: ['sign-in'] }
  gateway = await startTestGateway({ servers: { tracker: server, other: server }, policies: signIn() })
  token = (await obtainToken(gateway.publicUrl, gateway.server('tracker'))).accessToken
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })

/** Sends lines of a request as they are and returns the status of every answer until the connection ends. */
function send(lines: readonly string[], content = body): Promise<number[]> {
  const url = new URL(gateway.publicUrl)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname)
    let received = ''
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
    })
    socket.on('close', () =>
      resolve([...received.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))),
    )
    socket.on('error', reject)
    socket.write(`${[...lines, 'connection: close'].join('\r\n')}\r\n\r\n${content}`)
  })
}

const start = 'POST /mcp/tracker HTTP/1.1'
const host = () => `host: ${new URL(gateway.publicUrl).host}`
const json = 'content-type: application/json'
const accept = 'accept: application/json, text/event-stream'
const length = `content-length: ${body.length}`
const good = () => `authorization: Bearer ${token}`
const bad = 'authorization: Bearer sp_at_invented'

test('without a trick the same bytes are served', async () => {
  expect(await send([start, host(), json, accept, length, good()])).toEqual([200])
})

const tricks: readonly [name: string, lines: () => string[], status: number[], content?: string][] = [
  ['a good token behind a bad one', () => [start, host(), json, accept, length, bad, good()], [401]],
  ['two lengths', () => [start, host(), json, accept, length, 'content-length: 0', good()], [400]],
  [
    'a length and chunks, with another request behind them',
    () => [start, host(), json, accept, 'content-length: 5', 'transfer-encoding: chunked', good()],
    [400],
    `0\r\n\r\n${start}\r\n`,
  ],
  ['an unknown transfer encoding', () => [start, host(), json, accept, 'transfer-encoding: xchunked', good()], [400]],
  [
    'a header name with a space before its colon',
    () => [start, host(), json, accept, length, `authorization : x`],
    [400],
  ],
  [
    'a header that goes on in the next line',
    () => [start, host(), json, accept, length, `x-a: 1\r\n ${good()}`],
    [400],
  ],
  ['a header with a bare carriage return', () => [start, host(), json, accept, length, `x-a: 1\r${good()}`], [400]],
  ['a NUL in a header', () => [start, host(), json, accept, length, good(), 'x-a: \0'], [400]],
  ['no host', () => [start, json, accept, length, good()], [400]],
  ['headers without end', () => [start, host(), json, accept, length, good(), `x-a: ${'a'.repeat(20_000)}`], [431]],
  [
    'an absolute URL of another host with the token in it',
    () => ['POST http://evil.example/mcp/other HTTP/1.1', 'host: evil.example', json, accept, length, good()],
    [403],
  ],
]

test.each(tricks)('%s', async (_, lines, statuses, content) => {
  const before = upstream.requests.length
  const answered = await send(lines(), content)
  expect(answered).toEqual(statuses)
  expect(upstream.requests.length).toBe(before)
})
