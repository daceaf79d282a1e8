import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { connectSdkV2 } from '../harness/sdk-v2-client.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { openStdioClient, type StdioClient, type StreamMessage } from '../harness/stdio-client.ts'
import { stdioServer } from '../harness/stdio-programs.ts'
import { signIn } from '../harness/write-project.ts'

// Clients of older revisions in front of local programs that speak 2026-07-28 alone.
let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({
    settings: { limits: { drainSeconds: 1 } },
    policies: signIn(),
    servers: {
      own: { upstream: stdioServer('scripted-modern'), inbound: ['sign-in'] },
      shared: { upstream: stdioServer('scripted-modern', { processes: 'shared' }), inbound: ['sign-in'] },
      declared: { upstream: stdioServer('scripted-modern', { protocol: 'modern' }), inbound: ['sign-in'] },
      sdk: { upstream: stdioServer('sdk-v2', { args: ['--modern-only'] }), inbound: ['sign-in'] },
      silent: { upstream: stdioServer('scripted-modern'), inbound: ['sign-in'], methods: 'post' },
    },
  })
})
afterAll(() => gateway.close())

const tokenOf = async (server: string, person: string) =>
  (await obtainToken(gateway.publicUrl, gateway.server(server), person)).accessToken

async function openAs(person: string, server = 'own', capabilities: object = {}): Promise<StdioClient> {
  return openStdioClient(gateway.server(server), await tokenOf(server, person), capabilities)
}

async function listen(client: StdioClient): Promise<StreamMessage[]> {
  const heard: StreamMessage[] = []
  const stream = await client.listen((message) => heard.push(message))
  onTestFinished(() => stream.close())
  return heard
}

const methodsOf = (heard: readonly StreamMessage[]) => heard.map(({ method }) => method?.replace('notifications/', ''))
const listenCount = async (client: StdioClient) => {
  const received = (await client.call('received')) as { method: string }[]
  return received.filter(({ method }) => method === 'subscriptions/listen').length
}

it.each(['own', 'shared', 'declared'])('%s: the handshake says what the program said of itself', async (server) => {
  const client = await openAs('ada', server)
  expect(client.initialized).toMatchObject({
    protocolVersion: '2025-11-25',
    serverInfo: { name: 'scripted-modern' },
    instructions: 'Ask.',
    capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} },
  })
  expect(client.initialized).not.toHaveProperty('resultType')
  const pid = await client.call('pid')
  expect(await (await openAs('ada', server)).call('pid')).toBe(pid)
  expect((await (await openAs('bob', server)).call('pid')) === pid).toBe(server === 'shared')
})

it('promises nothing that would arrive on a stream which clients cannot open', async () => {
  expect(JSON.stringify((await openAs('ada', 'silent')).initialized)).not.toMatch(/listChanged|subscribe/)
})

it('a real client of an older revision works with a real server of 2026-07-28', async () => {
  const headers = { authorization: `Bearer ${await tokenOf('sdk', 'ada')}` }
  const client = await connectSdkV2(gateway.server('sdk'), { era: 'legacy', headers })
  expect(await client.listTools()).toContain('add')
  expect((await client.callTool('add', { a: 2, b: 3 })).text).toBe('5')
  await client.close()
})

it('carries progress under the token of the client, and logs from the level it set', async () => {
  const client = await openAs('ada')
  const params = { name: 'say', arguments: {}, _meta: { progressToken: 'mine' } }
  expect(
    (await client.post({ id: 7, method: 'logging/setLevel', params: { level: 'warning' } })).message,
  ).toMatchObject({
    id: 7,
    result: {},
  })
  const answer = await client.post({ id: 'b', method: 'tools/call', params })
  const messages = answer.text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)) as StreamMessage)
  expect(methodsOf(messages)).toEqual(['progress', 'message', undefined])
  expect(messages[0]?.params).toMatchObject({ progressToken: 'mine', progress: 1 })
  expect(messages[2]).toMatchObject({ id: 'b', result: { content: [{ text: '{"level":"warning"}' }] } })
  expect(messages[2]?.result).not.toHaveProperty('resultType')
  expect(await (await openAs('ada')).call('say')).toEqual({ level: null })
})

it('asks the client what the program asks, once, and goes on with the answer', async () => {
  const client = await openAs('ada', 'own', { elicitation: {} })
  const last = await client.follow('ask', {}, (message) => {
    if (message.method !== 'elicitation/create') return
    expect(message.params).toMatchObject({ message: 'Which?' })
    void client.post({ id: message.id, result: { action: 'accept', content: { answer: 'this' } } })
  })
  const content = last.result?.['content'] as { text: string }[] | undefined
  expect(JSON.parse(content?.[0]?.text ?? '')).toEqual({
    inputResponses: { which: { action: 'accept', content: { answer: 'this' } } },
    requestState: 'state-1',
  })
  const mute = await openAs('ada')
  expect((await mute.post({ id: 1, method: 'tools/call', params: { name: 'ask' } })).message?.result).toMatchObject({
    isError: true,
  })
})

it('shows output that is no object as older revisions can take it', async () => {
  const client = await openAs('carol')
  const called = await client.post({ id: 1, method: 'tools/call', params: { name: 'number', arguments: {} } })
  expect(called.message?.result?.['structuredContent']).toEqual({ result: 5 })
})

it('cancels at the program what the client cancels', async () => {
  const client = await openAs('ada')
  const held = client.post({ id: 'h', method: 'tools/call', params: { name: 'hold', arguments: {} } })
  const received = async () => (await client.call('received')) as { id?: unknown; method: string; params: Params }[]
  interface Params {
    readonly name?: string
    readonly requestId?: unknown
  }
  const findHold = async () => (await received()).findLast(({ params }) => params.name === 'hold')
  await expect.poll(findHold).toBeDefined()
  await client.post({ method: 'notifications/cancelled', params: { requestId: 'h' } })
  expect((await held).message?.error).toBeDefined()
  const cancelled = (await received()).find(({ method }) => method === 'notifications/cancelled')
  expect(cancelled?.params.requestId).toBe((await findHold())?.id)
})

it('tells the stream of a session what it subscribed to, and nobody else', async () => {
  const [ada, other, bob] = [
    await openAs('ada', 'shared'),
    await openAs('ada', 'shared'),
    await openAs('bob', 'shared'),
  ]
  const before = await listenCount(ada)
  const subscribe = (client: StdioClient, method: 'subscribe' | 'unsubscribe') =>
    client.post({ id: 1, method: `resources/${method}`, params: { uri: 'file:///a' } })
  await subscribe(ada, 'subscribe')
  await subscribe(other, 'subscribe')
  const [adaHears, otherHears, bobHears] = [await listen(ada), await listen(other), await listen(bob)]
  await expect.poll(() => listenCount(ada)).toBe(before + 3)
  await ada.call('announce', { uri: 'file:///a' })
  await expect.poll(() => methodsOf(adaHears)).toEqual(['tools/list_changed', 'resources/updated'])
  await expect.poll(() => methodsOf(otherHears)).toEqual(['tools/list_changed', 'resources/updated'])
  // One of them wants no more; the other still does.
  await subscribe(ada, 'unsubscribe')
  await expect.poll(() => listenCount(ada)).toBe(before + 4)
  await ada.call('announce', { uri: 'file:///a' })
  await expect.poll(() => otherHears.length).toBe(4)
  await expect.poll(() => adaHears.length).toBe(3)
  expect(methodsOf(adaHears).at(-1)).toBe('tools/list_changed')
  expect(methodsOf(bobHears)).toEqual(['tools/list_changed', 'tools/list_changed'])
})

it('a stream goes on with the program that takes the place of one that crashed', async () => {
  const client = await openAs('dora')
  const heard = await listen(client)
  await expect.poll(() => listenCount(client)).toBe(1)
  const before = await client.call('pid')
  await client.call('crash').catch(() => undefined)
  await expect.poll(() => client.call('pid').catch(() => before), { timeout: 5_000 }).not.toBe(before)
  await expect.poll(() => listenCount(client), { timeout: 5_000 }).toBe(1)
  await client.call('announce', { uri: 'file:///a' })
  await expect.poll(() => methodsOf(heard)).toEqual(['tools/list_changed'])
})

it('a stream from before the program showed its era ends, and the next one hears it', async () => {
  const client = await openAs('emil')
  await gateway.restart()
  const stale = await client.listen(() => undefined)
  await client.call('pid')
  await stale.ended
  const heard = await listen(client)
  await expect.poll(() => listenCount(client)).toBe(1)
  await client.call('announce', { uri: 'file:///a' })
  await expect.poll(() => methodsOf(heard)).toEqual(['tools/list_changed'])
})

it('ends the stream with the session', async () => {
  const client = await openAs('ada')
  const stream = await client.listen(() => undefined)
  expect((await client.end()).status).toBe(204)
  await stream.ended
  expect((await client.post({ id: 1, method: 'ping' })).status).toBe(404)
})
