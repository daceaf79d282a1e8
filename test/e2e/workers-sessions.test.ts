import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { request } from 'undici'
import { expect, it, onTestFinished } from 'vitest'
import { startFixture } from '../conformance/fixture/start-fixture.ts'
import { writePins } from '../harness/pin-definitions.ts'
import { type PostAnswer, postRaw } from '../harness/post-message.ts'
import { readCallOutcome } from '../harness/real-client.ts'
import { fetchAnew, startWorkers, type WorkerGateway } from '../harness/start-workers.ts'
import { openStdioClient } from '../harness/stdio-client.ts'
import { startChangingUpstream } from '../harness/upstreams/changing-upstream.ts'
import { startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { startOlderUpstream } from '../harness/upstreams/older-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'

// Three workers, and clients none of whose requests comes to the worker of the one before.

const twice = [0, 1, 2, 3, 4, 5]

async function connectOlder(url: string, key: string, prepare?: (client: OlderClient) => void): Promise<OlderClient> {
  const client = new OlderClient({ name: 'older', version: '1.0.0' }, { capabilities: { elicitation: {} } })
  prepare?.(client)
  const requestInit = { headers: { authorization: `Bearer ${key}` } }
  await client.connect(new OlderTransport(new URL(url), { requestInit, fetch: fetchAnew }))
  onTestFinished(() => client.close())
  return client
}

async function connectModern(url: string, key: string): Promise<ModernClient> {
  const client = new ModernClient(
    { name: 'modern', version: '1.0.0' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } }, capabilities: { elicitation: { form: {} } } },
  )
  const requestInit = { headers: { authorization: `Bearer ${key}` } }
  await client.connect(new ModernTransport(new URL(url), { requestInit, fetch: fetchAnew }))
  onTestFinished(() => client.close())
  return client
}

const textOf = (result: Parameters<typeof readCallOutcome>[0]) => readCallOutcome(result).text

async function deleteSession(url: string, key: string, session: string): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }
  const answer = await request(url, { method: 'DELETE', headers })
  await answer.body.dump()
  return answer.statusCode
}

it('an SDK client of 2025-11-25 is asked by a server of 2026-07-28, and hears it on its stream', async () => {
  const fixture = await startFixture('modern')
  onTestFinished(() => fixture.close())
  const gateway = await startWorkers({ servers: { real: { upstream: fixture.url, inbound: ['keys'] } } })
  const asked: string[] = []
  let changes = 0
  const client = await connectOlder(gateway.server('real'), gateway.key('ada'), (each) => {
    each.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params.message)
      return { action: 'accept', content: { name: 'Ada', color: 'green' } }
    })
    each.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes++)
  })
  const call = (name: string) => client.callTool({ name, arguments: {} })
  for (const _ of twice) expect(textOf(await call('test_input_required_result_multi_round'))).toBe('Ada likes green.')
  expect(asked).toHaveLength(2 * twice.length)
  await waitUntil('the stream brings a change', async () => {
    await call('test_trigger_tool_change')
    return changes > 0
  })
}, 60_000)

it('what one request of a session began, another one ends, wherever they come to', async () => {
  const upstream = await startModernUpstream()
  onTestFinished(() => upstream.close())
  upstream.onRequest = () => undefined
  const gateway = await startWorkers({ servers: { scripted: { upstream: upstream.url, inbound: ['keys'] } } })
  const [url, key] = [gateway.server('scripted'), gateway.key('ada')]
  const session = await openStdioClient(url, key)
  const running = session.post({ id: 7, method: 'tools/call', params: { name: 'work', arguments: {} } })
  const [call] = await waitUntil('the call', () => upstream.of('tools/call').length > 0 && upstream.of('tools/call'))
  // It could come to the right worker by chance.
  for (let n = 0; n < 2; n++) {
    await session.post({ method: 'notifications/cancelled', params: { requestId: 7 } })
    if (n === 0) await call?.closed
  }
  expect((await running).status).toBe(200)
  expect(upstream.of('tools/call')).toHaveLength(1)

  expect(await deleteSession(url, key, session.sessionId)).toBe(204)
  for (const _ of twice) expect((await session.post({ id: 1, method: 'ping' })).status).toBe(404)
  const methods = gateway.events().map(({ method }) => method)
  await waitUntil('each is one event', () => gateway.events().filter(({ method }) => method === 'ping').length === 6)
  expect(methods.filter((method) => method === 'tools/call')).toHaveLength(1)
}, 60_000)

it('an SDK client of 2026-07-28 has one session upstream, is asked there, and hears of it', async () => {
  const upstream = await startOlderUpstream()
  onTestFinished(() => upstream.close())
  const servers = { older: { upstream: upstream.url, inbound: ['keys'] } }
  const gateway = await startWorkers({ servers }, { people: ['ada', 'bob'] })
  const url = gateway.server('older')
  const client = await connectModern(url, gateway.key('ada'))
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }))
  for (const _ of twice) expect(textOf(await client.callTool({ name: 'greet', arguments: {} }))).toBe('Hello, Ada!')
  expect(upstream.calls).toHaveLength(twice.length)
  expect(new Set(upstream.calls.map((call) => call.split(':')[0])).size).toBe(1)

  const other = await connectModern(url, gateway.key('bob'))
  for (const _ of twice) await other.callTool({ name: 'echo', arguments: {} })
  expect(upstream.begun).toBe(2)
}, 60_000)

it('a session of an upstream that speaks as the client does is served by every worker', async () => {
  const upstream = await startOlderUpstream()
  onTestFinished(() => upstream.close())
  const gateway = await startWorkers({ servers: { older: { upstream: upstream.url, inbound: ['keys'] } } })
  const url = gateway.server('older')
  const client = await connectOlder(url, gateway.key('ada'), (each) =>
    each.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'Ada' } })),
  )
  for (const _ of twice) expect(textOf(await client.callTool({ name: 'greet', arguments: {} }))).toBe('Hello, Ada!')
  expect(upstream.begun).toBe(1)
  // Nothing of it is in anybody's memory, so its id says nothing of a worker.
  const { sessionId } = await openStdioClient(url, gateway.key('ada'))
  expect(sessionId).not.toContain('.')
}, 60_000)

it('what a worker hears of changed lists, all of them know', async () => {
  const upstream = await startModernUpstream()
  onTestFinished(() => upstream.close())
  const listed = { resultType: 'complete', ttlMs: 600_000, cacheScope: 'public' }
  upstream.onRequest = (request) => {
    const isCall = request.message.method === 'tools/call'
    if (isCall) request.notify('notifications/tools/list_changed', {})
    request.answer({ result: isCall ? { resultType: 'complete', content: [] } : { ...listed, prompts: [] } })
  }
  const gateway = await startWorkers({ servers: { scripted: { upstream: upstream.url, inbound: ['keys'] } } })
  const ask = (method: string, params: Params = {}) => askModern(gateway, 'scripted', method, params)
  const listAll = async () => {
    for (const _ of twice) expect((await ask('prompts/list')).status).toBe(200)
    return upstream.of('prompts/list').length
  }
  expect(await listAll()).toBe(3)
  expect(await listAll()).toBe(3)
  await ask('tools/call', { name: 'work', arguments: {} })
  await waitUntil('all have forgotten it', async () => (await listAll()) === 6)
}, 60_000)

it('a definition that one worker saw change, none of them lets anybody use, and it is told once', async () => {
  const tool = { name: 'search', description: 'Searches.', inputSchema: { type: 'object' } }
  const upstream = await startChangingUpstream({ tools: [tool] })
  onTestFinished(() => upstream.close())
  const servers = { tracker: { upstream: upstream.url, inbound: ['keys', 'pins'] } }
  const project = { servers, policies: { pins: ['mcp-pinned-contracts-inbound', { onChange: 'block' }] as const } }
  const gateway = await startWorkers(project)
  await writePins(gateway.directory, { tracker: { tools: [tool] } })
  await gateway.reload(project)
  await waitUntil('the pins are read', () => gateway.logged('configuration reloaded').length === 1)
  const call = () => askModern(gateway, 'tracker', 'tools/call', { name: 'search', arguments: {} })
  for (const _ of twice) expect((await call()).message?.error).toBeUndefined()
  upstream.define({ tools: [{ ...tool, description: 'Searches, and more.' }] })
  expect((await askModern(gateway, 'tracker', 'tools/list')).status).toBe(200)
  const reasons = async () => {
    const answers: PostAnswer[] = []
    for (const _ of twice) answers.push(await call())
    return answers.map(({ message }) => message?.error?.data?.reason)
  }
  await waitUntil('nobody can call it', async () => (await reasons()).every((each) => each === 'capability_changed'))
  for (const _ of twice) await askModern(gateway, 'tracker', 'tools/list')
  expect(await gateway.stop()).toBe(0)
  expect(gateway.events().filter(({ type }) => type === 'capability_changed')).toHaveLength(1)
}, 60_000)

type Params = { readonly name?: string; readonly [member: string]: unknown }

function askModern(gateway: WorkerGateway, server: string, method: string, params: Params = {}) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const headers = {
    authorization: `Bearer ${gateway.key('ada')}`,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(params.name !== undefined && { 'mcp-name': params.name }),
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { _meta, ...params } })
  return postRaw(gateway.server(server), body, headers)
}
