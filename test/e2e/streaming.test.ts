import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { callTool, postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type HeldUpstream, startHeldUpstream } from '../harness/upstreams/held-upstream.ts'
import { startLargeCatalogueUpstream } from '../harness/upstreams/large-catalogue-upstream.ts'
import { signIn } from '../harness/write-project.ts'

let held: HeldUpstream
let gateway: TestGateway
let url: string
let token: string
beforeAll(async () => {
  held = await startHeldUpstream()
  gateway = await startTestGateway({
    servers: { held: { upstream: held.url, inbound: ['sign-in'] } },
    policies: signIn(),
  })
  url = gateway.server('held')
  token = (await obtainToken(gateway.publicUrl, url)).accessToken
})
afterAll(async () => {
  await gateway.close()
  await held.close()
})

const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** A call of `hold` whose connection the test can cut. */
function openCall(era: 'modern' | 'legacy', traceId = randomBytes(16).toString('hex')): ClientRequest {
  const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'hold' }
  const headers = {
    authorization: `Bearer ${token}`,
    traceparent: `00-${traceId}-0000000000000001-01`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(era === 'modern' ? modern : { 'mcp-protocol-version': '2025-11-25' }),
  }
  const params = { name: 'hold', arguments: {}, ...(era === 'modern' && { _meta: envelope }) }
  const call = request(url, { method: 'POST', headers })
  call.on('error', () => undefined)
  call.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }))
  return call
}

describe('streams', () => {
  it.each(['modern', 'legacy'] as const)('%s: each event arrives when it happens', async (era) => {
    const call = openCall(era)
    const upstream = await held.nextCall()
    upstream.reportProgress(1)
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    expect(response.headers['content-type']).toBe('text/event-stream')
    expect(response.headers['x-accel-buffering']).toBe('no')
    const chunks = (response as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
    expect(String((await chunks.next()).value)).toContain('notifications/progress')
    // The upstream has not answered yet.
    upstream.answer('done')
    expect(String((await chunks.next()).value)).toContain('done')
    expect((await chunks.next()).done).toBe(true)
  })
})

describe('a client that hangs up', () => {
  it('cancels the call in 2026-07-28', async () => {
    const call = openCall('modern')
    const upstream = await held.nextCall()
    call.destroy()
    await upstream.cancelled
    const event = await gateway.waitForEvent(({ reason }) => reason === 'request_cancelled')
    expect(event).toMatchObject({ outcome: 'cancelled', capability: 'hold' })
  })

  it('cancels a stream in 2026-07-28', async () => {
    const call = openCall('modern')
    const upstream = await held.nextCall()
    upstream.reportProgress(1)
    await once(call, 'response')
    call.destroy()
    await upstream.cancelled
  })

  it('does not cancel the call in older revisions', async () => {
    const traceId = randomBytes(16).toString('hex')
    const call = openCall('legacy', traceId)
    const upstream = await held.nextCall()
    call.destroy()
    // A call made later goes there and back while the upstream still works on the first.
    const other = callTool(url, token, 'hold')
    ;(await held.nextCall()).answer('second')
    expect((await other).status).toBe(200)
    expect(upstream.response.destroyed).toBe(false)
    upstream.answer('first')
    const event = await gateway.waitForEvent((each) => each.traceId === traceId)
    expect(event).toMatchObject({ outcome: 'success', capability: 'hold' })
  })
})

describe('a public list', () => {
  it('is fetched once and served to everybody, curated', async () => {
    const large = await startLargeCatalogueUpstream()
    const curated = ['mcp-capability-filter-inbound', { tools: ['tool_1', 'tool_7'] }] as const
    const cached = await startTestGateway({
      servers: { large: { upstream: large.url, inbound: ['sign-in', 'curated'] } },
      policies: { ...signIn(), curated },
    })
    const server = cached.server('large')
    for (const person of ['ada', 'grace', 'ada']) {
      const { accessToken } = await obtainToken(cached.publicUrl, server, person)
      const answer = await postModern(server, accessToken, 'tools/list')
      const tools = answer.message?.result?.['tools'] as { name: string }[]
      expect(tools.map((tool) => tool.name)).toEqual(['tool_1', 'tool_7'])
    }
    expect(large.listCalls()).toBe(1)
    await cached.close()
    await large.close()
  })
})
