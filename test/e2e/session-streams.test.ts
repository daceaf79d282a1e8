import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postRaw } from '../harness/post-message.ts'
import { type OpenAnswer, openAnswer } from '../harness/read-events.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'
import { handshakeResult } from '../harness/upstreams/mcp-results.ts'
import { type ModernUpstream, startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { signIn, type TestProject } from '../harness/write-project.ts'

/** GET streams that are open at the upstream of the older revision, with the headers they were opened with. */
let streams: { readonly response: ServerResponse; readonly headers: { readonly [name: string]: unknown } }[]
let refuseGet: number | undefined
let older: RunningUpstream
let modern: ModernUpstream
let gateway: TestGateway
let project: TestProject

beforeEach(async () => {
  streams = []
  refuseGet = undefined
  older = await startUpstream((message, { method, headers }, response) => {
    if (method === 'GET' && refuseGet !== undefined) return response.writeHead(refuseGet).end()
    if (method === 'GET') {
      streams.push({ response, headers })
      return response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    }
    if (method === 'DELETE') return response.writeHead(headers['mcp-session-id'] === 'upstream-1' ? 200 : 404).end()
    if (message.id === undefined) return response.writeHead(202).end()
    const given = message.method === 'initialize' ? { 'mcp-session-id': 'upstream-1' } : undefined
    return sendJson(response, { jsonrpc: '2.0', id: message.id, result: handshakeResult(message) ?? {} }, 200, given)
  })
  modern = await startModernUpstream()
  project = {
    settings: { limits: { drainSeconds: 20 } },
    servers: {
      older: { upstream: older.url, inbound: ['sign-in', 'curated'] },
      modern: { upstream: modern.url, inbound: ['sign-in'] },
    },
    policies: { ...signIn(), curated: ['mcp-capability-filter-inbound', { deny: { tools: ['secret'] } }] },
  }
  gateway = await startTestGateway(project)
})
afterEach(async () => {
  await gateway.close()
  await older.close()
  await modern.close()
})

interface Opened {
  readonly clientId: string
  readonly refreshToken: string | undefined
  readonly headers: { readonly [name: string]: string }
}

async function begin(server: string, person = 'ada'): Promise<Opened> {
  const { accessToken, clientId, refreshToken } = await obtainToken(gateway.publicUrl, gateway.server(server), person)
  const authorization = `Bearer ${accessToken}`
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
  const answer = await postRaw(gateway.server(server), body, { authorization })
  const session = String(answer.headers['mcp-session-id'])
  return {
    clientId,
    refreshToken,
    headers: { authorization, 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' },
  }
}

const listen = (server: string, headers: { [name: string]: string }) => openAnswer(gateway.server(server), headers)
const send = (message: object, id?: string) => {
  const prefix = id === undefined ? '' : `id: ${id}\n`
  streams.at(-1)?.response.write(`${prefix}data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`)
}
const toolsChanged = { method: 'notifications/tools/list_changed' }

describe('the stream of a session of an older upstream', () => {
  it('brings what the upstream sends, at once and as it is', async () => {
    const { headers } = await begin('older')
    const stream = await listen('older', { ...headers, 'last-event-id': 'abc/7' })
    expect(streams[0]?.headers).toMatchObject({
      'mcp-session-id': 'upstream-1',
      'mcp-protocol-version': '2025-11-25',
      'last-event-id': 'abc/7',
      accept: 'text/event-stream',
    })
    expect(streams[0]?.headers).not.toHaveProperty('authorization')
    send(toolsChanged, 'abc/8')
    expect(await stream.next()).toEqual({ jsonrpc: '2.0', ...toolsChanged })
    expect(stream.text()).toContain('id: abc/8\n')
    send({ id: 's1', method: 'ping' })
    expect(await stream.next()).toMatchObject({ id: 's1', method: 'ping' })
    stream.close()
  })

  it('ends upstream when the client goes', async () => {
    const { headers } = await begin('older')
    const stream = await listen('older', headers)
    const closed = once(streams[0]?.response as ServerResponse, 'close')
    stream.close()
    await closed
    const event = await gateway.waitForEvent(({ method }) => method === 'GET')
    expect(event).toMatchObject({
      type: 'mcp_request_completed',
      outcome: 'success',
      subject: expect.any(String) as string,
    })
  })

  it.each([
    [405, 405],
    [404, 404],
    [409, 409],
    [401, 502],
    [500, 502],
  ])('that the upstream refuses with %i is refused with %i', async (upstream, status) => {
    const { headers } = await begin('older')
    refuseGet = upstream
    expect((await listen('older', headers)).status).toBe(status)
  })

  it('shows a list that comes late through it as policies want it seen', async () => {
    const { headers } = await begin('older')
    const stream = await listen('older', { ...headers, 'last-event-id': '1' })
    const tool = (name: string) => ({ name, inputSchema: { type: 'object' } })
    send({ id: 3, result: { tools: [tool('open'), tool('secret')] } }, '2')
    expect((await stream.next()).result).toEqual({ tools: [tool('open')] })
    expect(stream.text()).toContain('id: 2\n')
    expect(stream.text()).not.toContain('secret')
    send({ id: 4, result: { content: [] } })
    expect(await stream.next()).toEqual({ jsonrpc: '2.0', id: 4, result: { content: [] } })
    stream.close()
  })

  it('ends the session upstream with DELETE', async () => {
    const { headers } = await begin('older')
    expect((await openAnswer(gateway.server('older'), headers, undefined, 'DELETE')).status).toBe(204)
    expect((await gateway.waitForEvent(({ method }) => method === 'DELETE')).httpStatus).toBe(204)
  })
})

it('DELETE without a session has nothing to end', async () => {
  const { headers } = await begin('older')
  const { 'mcp-session-id': _, ...others } = headers
  expect((await openAnswer(gateway.server('older'), others, undefined, 'DELETE')).status).toBe(400)
})

describe.each(['older', 'modern'])('a stream of a session (%s upstream)', (server) => {
  let stream: OpenAnswer
  let opened: Opened
  beforeEach(async () => {
    opened = await begin(server)
    stream = await listen(server, opened.headers)
    expect(stream.status).toBe(200)
  })

  it('ends when the grant is revoked', async () => {
    const body = new URLSearchParams({ token: String(opened.refreshToken), client_id: opened.clientId })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const { statusCode } = await request(`${gateway.publicUrl}/oauth/revoke`, {
      method: 'POST',
      headers,
      body: String(body),
    })
    expect(statusCode).toBe(200)
    await stream.ended
    expect((await listen(server, opened.headers)).status).toBe(401)
  })

  it('ends at once when the configuration is swapped, and is opened again under the new one', async () => {
    await gateway.reload(project)
    await stream.ended
    const again = await listen(server, opened.headers)
    expect(again.status).toBe(200)
    again.close()
  })

  it('does not hold up a gateway that stops', async () => {
    const before = performance.now()
    await gateway.restart()
    await stream.ended
    expect(performance.now() - before).toBeLessThan(10_000)
  })
})

it('a session of the gateway has one stream: a new one takes the place of the one before', async () => {
  const { headers } = await begin('modern')
  const first = await listen('modern', headers)
  const second = await listen('modern', headers)
  await first.ended
  second.close()
})

it('a stream is opened again upstream when it breaks there', async () => {
  const { headers } = await begin('modern')
  modern.onListen = (each) => {
    each.notify('notifications/subscriptions/acknowledged', { notifications: {} })
    if (modern.of('subscriptions/listen').length === 1) each.response.destroy()
    else
      each.notify('notifications/tools/list_changed', {
        _meta: { 'io.modelcontextprotocol/subscriptionId': each.message.id },
      })
  }
  const stream = await listen('modern', headers)
  expect(await stream.next()).toEqual({ jsonrpc: '2.0', ...toolsChanged })
  stream.close()
})

it('one person has no more than 64 streams, and others still have theirs', async () => {
  const { headers } = await begin('older')
  const open = await Promise.all(Array.from({ length: 64 }, () => listen('older', headers)))
  expect(open.every(({ status }) => status === 200)).toBe(true)
  const refused = await listen('older', headers)
  expect(refused.status).toBe(429)
  expect(refused.headers['retry-after']).toBe('60')
  const bob = await begin('older', 'bob')
  const bobs = await listen('older', bob.headers)
  expect(bobs.status).toBe(200)
  for (const each of [...open, bobs]) each.close()
})
