import { afterAll, beforeAll, expect, it } from 'vitest'
import { postLegacy, postRaw } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'

let upstream: RunningUpstream
let gateway: TestGateway
beforeAll(async () => {
  upstream = await startUpstream((message, _, response) => {
    if (message.id === undefined) response.writeHead(202).end()
    else sendJson(response, { jsonrpc: '2.0', id: message.id, result: {} })
  })
  gateway = await startTestGateway({ servers: { any: { upstream: upstream.url, inbound: [] } } })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const huge = 'x'.repeat(1024 * 1024)

it('names and methods as long as a body do not fill the event store', async () => {
  const { result } = (await postLegacy(gateway.server('any'), 'none', 'tools/call', { name: huge })).message ?? {}
  expect(result).toEqual({})
  const call = await gateway.waitForEvent(({ method }) => method === 'tools/call')
  expect(call.capability).toBe('x'.repeat(1000))
  await postRaw(gateway.server('any'), JSON.stringify({ jsonrpc: '2.0', method: huge }))
  const notification = await gateway.waitForEvent(({ method }) => method?.startsWith('x') === true)
  expect(notification.method).toBe('x'.repeat(100))
})

it('a message nested a million deep is refused before anything reads it', async () => {
  const depth = 1_000_000
  const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`
  const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","x":${nested}}}`
  const answer = await postRaw(gateway.server('any'), body)
  expect(answer.status).toBe(400)
  expect(answer.message?.error?.data?.reason).toBe('message_invalid')
})
