import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { listenToModern, openStdioClient, type StdioClient, type StreamMessage } from '../harness/stdio-client.ts'
import { stdioServer } from '../harness/stdio-programs.ts'
import { sendJson, startUpstream } from '../harness/upstreams/listen.ts'
import { handshakeResult, plainTool, toolList } from '../harness/upstreams/mcp-results.ts'
import { type ModernRequest, type ModernUpstream, startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { type OlderUpstream, startOlderUpstream } from '../harness/upstreams/older-upstream.ts'
import { signIn, type TestProject } from '../harness/write-project.ts'

// What members announce by themselves, to a client of an older revision: one upstream of each era, a local program, and one whose path has
// no streams.
let older: OlderUpstream
let modern: ModernUpstream
let silent: OlderUpstream
let gateway: TestGateway
let project: TestProject
let listens: ModernRequest[]

beforeAll(async () => {
  older = await startOlderUpstream()
  silent = await startOlderUpstream()
  modern = await startModernUpstream()
  project = {
    settings: { limits: { drainSeconds: 1 } },
    servers: {
      hub: {
        upstream: {
          members: {
            older: { route: 'older-server' },
            modern: { route: 'modern-server' },
            local: { route: 'local-server' },
            silent: { route: 'silent-server' },
            gone: { route: 'gone-server' },
          },
          memberSeconds: 2,
        },
        inbound: ['sign-in'],
      },
      quiet: { upstream: { members: { silent: { route: 'silent-server' } } }, inbound: ['sign-in'] },
      'older-server': { upstream: older.url, inbound: [], internal: true },
      'modern-server': { upstream: modern.url, inbound: [], internal: true },
      'local-server': { upstream: stdioServer('scripted'), inbound: [], internal: true },
      'silent-server': { upstream: silent.url, inbound: [], internal: true, methods: 'post' },
      'gone-server': { upstream: 'http://127.0.0.1:9/mcp', inbound: [], internal: true },
    },
    policies: signIn(),
  }
  gateway = await startTestGateway(project)
})
beforeEach(() => {
  listens = []
  modern.onListen = (each) => {
    listens.push(each)
    each.notify('notifications/subscriptions/acknowledged', { notifications: {} })
  }
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([older.close(), modern.close(), silent.close()])
})

async function openAs(person: string): Promise<StdioClient> {
  const client = await openStdioClient(gateway.server('hub'), await tokenOf(person, 'hub'), { roots: {} })
  onTestFinished(async () => void (await client.end()))
  return client
}

const tokenOf = async (person: string, server: string) =>
  (await obtainToken(gateway.publicUrl, gateway.server(server), person)).accessToken

/** Opens the GET stream, and waits until every member that has one is listened to. */
async function listen(client: StdioClient): Promise<StreamMessage[]> {
  const heard: StreamMessage[] = []
  const [olderBefore, modernBefore] = [older.listening, listens.length]
  const stream = await client.listen((message) => heard.push(message))
  onTestFinished(() => stream.close())
  await expect.poll(() => older.listening).toBe(olderBefore + 1)
  await expect.poll(() => listens.length).toBeGreaterThan(modernBefore)
  return heard
}

const subscribe = (client: StdioClient, uri: string) =>
  client.post({ id: 1, method: 'resources/subscribe', params: { uri } })

it('brings what every member announces, with URIs as the client knows them', async () => {
  const client = await openAs('ada')
  await subscribe(client, 'older+test://one')
  await subscribe(client, 'local+file:///a')
  const heard = await listen(client)
  await older.notifyResource('test://one')
  await expect.poll(() => heard.length).toBe(1)
  listens.at(-1)?.notify('notifications/tools/list_changed', {})
  await expect.poll(() => heard.length).toBe(2)
  await client.call('local_later', { what: 'file:///a' })
  await expect.poll(() => heard.length).toBe(5)
  expect(heard.map(({ method, params }) => [method?.replace('notifications/', ''), params?.['uri']])).toEqual([
    ['resources/updated', 'older+test://one'],
    ['tools/list_changed', undefined],
    ['tools/list_changed', undefined],
    ['resources/updated', 'local+file:///a'],
    ['message', undefined],
  ])
})

it('announces to each person what is theirs', async () => {
  const [ada, bob] = [await openAs('ada'), await openAs('bob')]
  await subscribe(ada, 'local+file:///a')
  const [adaHears, bobHears] = [await listen(ada), await listen(bob)]
  await bob.call('local_later', { what: 'file:///b' })
  await ada.call('local_later', { what: 'file:///a' })
  await expect.poll(() => adaHears.at(-1)?.method).toBe('notifications/message')
  await expect.poll(() => bobHears.at(-1)?.method).toBe('notifications/message')
  expect(adaHears.filter(({ method }) => method === 'notifications/resources/updated')).toHaveLength(1)
  expect(JSON.stringify(bobHears)).not.toContain('file:///a')
})

it('promises what is announced only where it is delivered', async () => {
  const capabilitiesOf = async (server: string) => {
    const url = gateway.server(server)
    const client = await openStdioClient(url, await tokenOf('ada', server))
    onTestFinished(async () => void (await client.end()))
    return client.initialized['capabilities']
  }
  expect(await capabilitiesOf('hub')).toMatchObject({
    tools: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
  })
  expect(JSON.stringify(await capabilitiesOf('quiet'))).not.toMatch(/listChanged|subscribe/)
})

it('goes on in a new session with a member that forgot the first one, and with its subscriptions', async () => {
  const client = await openAs('ada')
  await subscribe(client, 'older+test://one')
  const heard = await listen(client)
  const before = older.subscribed.length
  older.forget()
  older.cut()
  // The member is listened to again after a moment, as a client would do.
  await expect.poll(() => older.subscribed.length, { timeout: 10_000 }).toBe(before + 1)
  await expect.poll(() => older.listening, { timeout: 10_000 }).toBe(1)
  await older.notifyResource('test://one')
  await expect.poll(() => heard.at(-1)?.params?.['uri']).toBe('older+test://one')
}, 20_000)

it('keeps subscriptions over a reload', async () => {
  const client = await openAs('ada')
  await subscribe(client, 'older+test://one')
  const begun = older.begun
  await gateway.reload(project)
  const heard = await listen(client)
  expect(older.begun).toBe(begun + 1)
  await older.notifyResource('test://one')
  await expect.poll(() => heard.at(-1)?.params?.['uri']).toBe('older+test://one')
})

it('listens again to a member whose subscription ended, for clients of 2026-07-28 too', async () => {
  const url = gateway.server('hub')
  const heard: StreamMessage[] = []
  const stream = await listenToModern(url, await tokenOf('ada', 'hub'), { toolsListChanged: true }, (message) => {
    heard.push(message)
  })
  onTestFinished(() => stream.close())
  await expect.poll(() => heard.length).toBe(1)
  expect(heard[0]?.method).toBe('notifications/subscriptions/acknowledged')
  const [first] = listens
  first?.answer({ result: { resultType: 'complete' } })
  await expect.poll(() => listens.length, { timeout: 5_000 }).toBe(2)
  listens[1]?.notify('notifications/tools/list_changed', {})
  await expect.poll(() => heard.at(-1)?.method).toBe('notifications/tools/list_changed')
  // The member acknowledged twice, the client heard it once.
  expect(heard).toHaveLength(2)
  stream.close()
  await listens[1]?.closed
})

it('says of a list without a member that it is not to be kept', async () => {
  const whole = await startUpstream((message, _, response) => {
    const result = message.method === 'tools/list' ? toolList([plainTool('a')], 60_000) : handshakeResult(message)
    sendJson(response, { jsonrpc: '2.0', id: message.id, result })
  })
  onTestFinished(() => whole.close())
  const half = await startTestGateway({
    servers: {
      alone: { upstream: { members: { whole: { route: 'whole-server' } } }, inbound: [] },
      half: {
        upstream: { members: { whole: { route: 'whole-server' }, gone: { route: 'gone-server' } } },
        inbound: [],
      },
      'whole-server': { upstream: whole.url, inbound: [] },
      'gone-server': { upstream: 'http://127.0.0.1:9/mcp', inbound: [] },
    },
    policies: {},
  })
  onTestFinished(() => half.close())
  const list = async (server: string) => (await postModern(half.server(server), '', 'tools/list')).message?.result
  expect(await list('alone')).toMatchObject({ tools: [{ name: 'whole_a' }], ttlMs: 60_000, cacheScope: 'public' })
  expect(await list('half')).toMatchObject({ tools: [{ name: 'whole_a' }], ttlMs: 0, cacheScope: 'private' })
})

it('ends the sessions of the members with its own, and the stream', async () => {
  const client = await openAs('ada')
  const heard: StreamMessage[] = []
  const stream = await client.listen((message) => heard.push(message))
  await expect.poll(() => listens.length).toBe(1)
  const ended = older.ended.length
  expect((await client.end()).status).toBe(204)
  expect(older.ended).toHaveLength(ended + 1)
  await stream.ended
  await listens[0]?.closed
  expect((await client.post({ id: 1, method: 'ping' })).status).toBe(404)
  expect((await client.end()).status).toBe(404)
  const event = await gateway.waitForEvent(
    ({ virtualServer, method }) => virtualServer === 'older-server' && method === 'DELETE',
  )
  expect(event).toMatchObject({ via: 'hub', subject: 'ada', httpStatus: 204 })
})
