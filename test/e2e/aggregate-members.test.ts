import { createServer, type Socket, type Server as TcpServer } from 'node:net'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { callTool, postLegacy, postModern, postRaw } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type HeldUpstream, startHeldUpstream } from '../harness/upstreams/held-upstream.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'
import { handshakeResult, plainTool, textResult, toolList } from '../harness/upstreams/mcp-results.ts'
import { type OlderUpstream, startOlderUpstream } from '../harness/upstreams/older-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn } from '../harness/write-project.ts'

// Members that come and go, ask, and hold: what one of them does is never the end of the others.
let held: HeldUpstream
let older: OlderUpstream
let plain: RunningUpstream
let gateway: TestGateway
let token: string
let isDown: boolean
const name = 'a_tool_whose_name_is_far_too_long_for_a_model_to_take'

beforeEach(async () => {
  isDown = false
  held = await startHeldUpstream()
  older = await startOlderUpstream()
  plain = await startUpstream((message, _, response) => {
    if (isDown) return void response.destroy()
    if (message.id === undefined) return response.writeHead(202).end()
    const list = message.method === 'tools/list' ? toolList([plainTool(name), plainTool('short')]) : undefined
    const said = (message.params?.['name'] as string | undefined) ?? ''
    return sendJson(response, {
      jsonrpc: '2.0',
      id: message.id,
      result: handshakeResult(message) ?? list ?? textResult(said),
    })
  })
  gateway = await startTestGateway({
    servers: {
      hub: {
        upstream: {
          members: {
            plain: { route: 'plain-server' },
            held: { route: 'held-server' },
            older: { route: 'older-server' },
          },
          memberSeconds: 1,
        },
        inbound: ['sign-in'],
      },
      'plain-server': { upstream: plain.url, inbound: ['sign-in'] },
      'held-server': { upstream: held.url, inbound: ['sign-in'] },
      'older-server': { upstream: older.url, inbound: ['sign-in'] },
    },
    policies: signIn(),
  })
  token = (await obtainToken(gateway.publicUrl, gateway.server('hub'), 'ada')).accessToken
})
afterEach(async () => {
  await gateway.close()
  await Promise.all([held.close(), older.close(), plain.close()])
})

const hub = () => gateway.server('hub')
const listTools = async (): Promise<string[]> => {
  const { message, text } = await postModern(hub(), token, 'tools/list')
  const tools = message?.result?.['tools'] as { name: string }[] | undefined
  if (tools === undefined) throw new Error(text)
  return tools.map((tool) => tool.name)
}
const textOf = (message: { readonly result?: { readonly [name: string]: unknown } } | undefined) =>
  (message?.result?.['content'] as { text: string }[] | undefined)?.[0]?.text

describe('a member that goes down', () => {
  it('stays listed as it was, also after a restart, and says why it cannot be called', async () => {
    const before = await listTools()
    expect(before.filter((tool) => tool.startsWith('plain_'))).toHaveLength(2)
    isDown = true
    await gateway.restart()
    expect(await listTools()).toEqual(before)
    const refused = await callTool(hub(), token, 'plain_short')
    expect(refused.status).toBe(200)
    expect(textOf(refused.message)).toMatch(/^plain: .*\(upstream_/)
    isDown = false
    expect(textOf((await callTool(hub(), token, 'plain_short')).message)).toBe('short')
  })

  it('that keeps silent is waited for once, not by every list', async () => {
    const before = await listTools()
    const silent = await silence(plain)
    const startedAtMs = performance.now()
    expect(await listTools()).toEqual(before)
    const waitedMs = performance.now() - startedAtMs
    expect(waitedMs).toBeGreaterThan(900)
    expect(waitedMs).toBeLessThan(3_000)
    const againAtMs = performance.now()
    expect(await listTools()).toEqual(before)
    expect(performance.now() - againAtMs).toBeLessThan(800)
    await new Promise((resolve) => silent.close(resolve))
  })
})

it('a name that is too long is called by its shortened one, also before anybody listed it', async () => {
  const shortened = (await listTools()).find((tool) => tool.startsWith('plain_a_tool')) ?? ''
  expect(shortened).toHaveLength(48)
  await gateway.restart()
  expect(textOf((await callTool(hub(), token, shortened)).message)).toBe(name)
  const unknown = await callTool(hub(), token, `${shortened.slice(0, 47)}${shortened.endsWith('x') ? 'y' : 'x'}`)
  expect(unknown.message?.error).toMatchObject({ code: -32602 })
})

describe('a call through the aggregate', () => {
  it('ends upstream when a client of 2026-07-28 goes away', async () => {
    const controller = new AbortController()
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const sent = request(hub(), {
      method: 'POST',
      signal: controller.signal,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'held_hold',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { _meta, name: 'held_hold', arguments: {} },
      }),
    }).catch((error: unknown) => error)
    const call = await held.nextCall()
    controller.abort()
    await call.cancelled
    expect(await sent).toBeInstanceOf(Error)
    const event = await gateway.waitForEvent(
      ({ virtualServer, capability }) => virtualServer === 'held-server' && capability === 'hold',
    )
    expect(event).toMatchObject({ outcome: 'cancelled', via: 'hub' })
  })

  it('streams what the member reports', async () => {
    const sent = callTool(hub(), token, 'held_hold')
    const call = await held.nextCall()
    call.reportProgress(1)
    call.answer('let go')
    const { text, message } = await sent
    expect(text).toContain('notifications/progress')
    expect(textOf(message)).toBe('let go')
  })

  it('lets a member of an older revision ask an older client', async () => {
    const client = new Client({ name: 'asked', version: '1.0.0' }, { capabilities: { elicitation: {} } })
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept' as const, content: { name: 'Ada' } }))
    const transport = new StreamableHTTPClientTransport(new URL(hub()), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    })
    await client.connect(transport)
    const result = await client.callTool({ name: 'older_greet', arguments: {} })
    expect(result['content']).toEqual([{ type: 'text', text: 'Hello, Ada!' }])
    await transport.terminateSession()
    await client.close()
  })

  it('lets a member of an older revision ask a client of 2026-07-28', async () => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
    }
    const params = { name: 'older_greet', arguments: {}, _meta }
    const asked = await postModern(hub(), token, 'tools/call', params)
    const { inputRequests, requestState } = (asked.message?.result ?? {}) as {
      inputRequests: object
      requestState: string
    }
    const [key = ''] = Object.keys(inputRequests)
    const inputResponses = { [key]: { action: 'accept', content: { name: 'Ada' } } }
    const answered = await postModern(hub(), token, 'tools/call', { ...params, inputResponses, requestState })
    expect(textOf(answered.message)).toBe('Hello, Ada!')
  })
})

describe('a session of an older client', () => {
  const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } }

  it('is one at the gateway and one with each member, begun again when a member forgets it', async () => {
    const begun = await postLegacy(hub(), token, 'initialize', initialize)
    expect(begun.message?.result).toMatchObject({
      serverInfo: { name: 'hub' },
      capabilities: { tools: {}, resources: {} },
    })
    expect(begun.message?.result?.['instructions']).toContain('# older\n\nAsk me.')
    const session = String(begun.headers['mcp-session-id'])
    const call = () =>
      postRaw(
        hub(),
        JSON.stringify({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'older_echo', arguments: {} } }),
        { authorization: `Bearer ${token}`, 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': session },
      )
    expect((await call()).message?.result).toMatchObject({ structuredContent: { input: {} } })
    older.forget()
    expect((await call()).message?.result).toMatchObject({ structuredContent: { input: {} } })
    const ended = await request(hub(), {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}`, 'mcp-session-id': session },
    })
    expect(ended.statusCode).toBe(204)
    expect((await call()).status).toBe(404)
  })
})

it('resources of members are read under the URIs that lists give them', async () => {
  const { message } = await postModern(hub(), token, 'resources/list')
  expect(message?.result?.['resources']).toEqual([{ uri: 'older+test://one', name: 'one' }])
  const read = await postModern(
    hub(),
    token,
    'resources/read',
    { uri: 'older+test://one' },
    { 'mcp-name': 'older+test://one' },
  )
  expect(read.message?.result?.['contents']).toEqual([{ uri: 'older+test://one', text: 'one' }])
})

/** Something that takes connections and says nothing takes the place of an upstream. */
async function silence(upstream: RunningUpstream): Promise<TcpServer> {
  const port = Number(new URL(upstream.url).port)
  await upstream.close()
  const sockets: Socket[] = []
  const silent = createServer((socket) => sockets.push(socket.on('error', () => socket.destroy())))
  await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
  const close = silent.close.bind(silent)
  silent.close = (done) => {
    for (const socket of sockets) socket.destroy()
    return close(done)
  }
  return silent
}

describe('subscriptions of a client of 2026-07-28', () => {
  it('are one stream of what all members announce', async () => {
    const { message } = await postModern(hub(), token, 'server/discover')
    expect(message?.result?.['capabilities']).toMatchObject({
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
    })
    const notifications = {
      toolsListChanged: true,
      resourceSubscriptions: ['older+test://one', 'nobody+test://one'],
    }
    const stream = await listen(notifications)
    const first = await stream.next()
    expect(first).toMatchObject({
      method: 'notifications/subscriptions/acknowledged',
      params: {
        notifications: { toolsListChanged: true, resourceSubscriptions: ['older+test://one'] },
        _meta: { 'io.modelcontextprotocol/subscriptionId': 'mine' },
      },
    })
    expect(older.subscribed).toEqual(['test://one'])
    await older.notifyTools()
    expect(await stream.next()).toMatchObject({
      method: 'notifications/tools/list_changed',
      params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 'mine' } },
    })
    await older.notifyResource('test://one')
    expect(await stream.next()).toMatchObject({
      method: 'notifications/resources/updated',
      params: { uri: 'older+test://one' },
    })
    stream.close()
    await waitUntil('the end of the subscription upstream', () => older.subscribed.length === 0 || undefined)
  })
})

/** The messages of one `subscriptions/listen`. */
async function listen(notifications: object): Promise<{ next(): Promise<unknown>; close(): void }> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const answer = await request(hub(), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 'mine',
      method: 'subscriptions/listen',
      params: { _meta, notifications },
    }),
  })
  answer.body.on('error', () => {})
  const chunks = answer.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let rest = ''
  return {
    async next() {
      for (;;) {
        const end = rest.indexOf('\n\n')
        if (end !== -1) {
          const event = rest.slice(0, end)
          rest = rest.slice(end + 2)
          const data = event.split('\n').find((line) => line.startsWith('data: '))
          if (data !== undefined) return JSON.parse(data.slice('data: '.length)) as unknown
          continue
        }
        const { done, value } = await chunks.next()
        if (done) throw new Error('the stream ended')
        rest += value.toString()
      }
    },
    close: () => answer.body.destroy(),
  }
}
