import { expect, it, onTestFinished } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { listenToModern, openStdioClient, type StdioClient, type StreamMessage } from '../harness/stdio-client.ts'
import { stdioServer } from '../harness/stdio-programs.ts'
import { signIn } from '../harness/write-project.ts'

async function start(processes: 'shared' | 'per-subject'): Promise<TestGateway> {
  const gateway = await startTestGateway({
    settings: { limits: { drainSeconds: 1 } },
    policies: signIn(),
    servers: { local: { upstream: stdioServer('scripted', { processes }), inbound: ['sign-in'] } },
  })
  onTestFinished(() => gateway.close())
  return gateway
}

async function openAs(gateway: TestGateway, subject: string): Promise<StdioClient> {
  const url = gateway.server('local')
  return openStdioClient(url, (await obtainToken(gateway.publicUrl, url, subject)).accessToken)
}

async function listen(client: StdioClient): Promise<StreamMessage[]> {
  const heard: StreamMessage[] = []
  const stream = await client.listen((message) => heard.push(message))
  onTestFinished(() => stream.close())
  return heard
}

const methodsOf = (heard: readonly StreamMessage[]) => heard.map(({ method }) => method?.replace('notifications/', ''))

it('tells the GET stream what belongs to no call', async () => {
  const gateway = await start('per-subject')
  const client = await openAs(gateway, 'ada')
  await client.post({ id: 1, method: 'resources/subscribe', params: { uri: 'file:///a' } })
  const heard = await listen(client)
  await client.call('later', { what: 'file:///a' })
  await expect.poll(() => methodsOf(heard)).toEqual(['tools/list_changed', 'resources/updated', 'message'])
})

it('tells nobody about resources that others subscribed to, nor logs of a shared process', async () => {
  const gateway = await start('shared')
  const [ada, bob] = [await openAs(gateway, 'ada'), await openAs(gateway, 'bob')]
  await ada.post({ id: 1, method: 'resources/subscribe', params: { uri: 'file:///a' } })
  const [adaHears, bobHears] = [await listen(ada), await listen(bob)]
  await ada.call('later', { what: 'file:///a' })
  await ada.call('later', { what: 'file:///b' })
  await expect.poll(() => adaHears.length).toBe(3)
  await expect.poll(() => bobHears.length).toBe(2)
  expect(methodsOf(adaHears)).toEqual(['tools/list_changed', 'resources/updated', 'tools/list_changed'])
  expect(methodsOf(bobHears)).toEqual(['tools/list_changed', 'tools/list_changed'])
})

it.each(['per-subject', 'shared'] as const)(
  'unsubscribes at the program with the last who wants a resource (%s)',
  async (processes) => {
    const gateway = await start(processes)
    const [first, second] = [await openAs(gateway, 'ada'), await openAs(gateway, 'ada')]
    const uri = 'file:///a'
    const send = (client: StdioClient, method: 'subscribe' | 'unsubscribe') =>
      client.post({ id: 1, method: `resources/${method}`, params: { uri } })
    const ended = async () =>
      ((await first.call('received')) as string[]).filter((line) => line.includes('resources/unsubscribe')).length
    await send(first, 'subscribe')
    await send(second, 'subscribe')
    const token = (await obtainToken(gateway.publicUrl, gateway.server('local'), 'ada')).accessToken
    const wanted = { resourceSubscriptions: [uri] }
    const modern = await listenToModern(gateway.server('local'), token, wanted, () => undefined)
    expect((await send(first, 'unsubscribe')).message?.result).toEqual({})
    expect(await ended()).toBe(0)
    expect((await second.end()).status).toBe(204)
    expect(await ended()).toBe(0)
    modern.close()
    await expect.poll(ended).toBe(1)
  },
)

it('goes on listening while processes come and go, also to resources', async () => {
  const gateway = await start('per-subject')
  const client = await openAs(gateway, 'ada')
  await client.post({ id: 1, method: 'resources/subscribe', params: { uri: 'file:///a' } })
  const heard = await listen(client)
  const before = await client.call('pid')
  await client.call('crash').catch(() => undefined)
  expect(await client.call('pid')).not.toBe(before)
  expect(await client.call('received')).toContainEqual(expect.stringContaining('resources/subscribe'))
  await client.call('later', { what: 'file:///a' })
  await expect.poll(() => methodsOf(heard)).toEqual(['tools/list_changed', 'resources/updated', 'message'])
})

it('hears less after logging/setLevel, each client for itself', async () => {
  const gateway = await start('per-subject')
  const [quiet, plain] = [await openAs(gateway, 'ada'), await openAs(gateway, 'ada')]
  const setLevel = await quiet.post({ id: 1, method: 'logging/setLevel', params: { level: 'error' } })
  expect(setLevel.message?.result).toEqual({})
  const says = async (client: StdioClient) => {
    const heard: StreamMessage[] = []
    await client.follow('say', { what: 'x' }, (message) => heard.push(message))
    return methodsOf(heard).filter((method) => method === 'message').length
  }
  expect(await says(quiet)).toBe(0)
  expect(await says(plain)).toBe(1)
})

it('ends the stream with the session, which is unknown from then on', async () => {
  const gateway = await start('per-subject')
  const client = await openAs(gateway, 'ada')
  const { ended } = await client.listen(() => {})
  expect((await client.end()).status).toBe(204)
  await ended
  const answer = await client.post({ id: 1, method: 'tools/list' })
  expect(answer.message?.error?.data?.reason).toBe('session_unknown')
})

it('tells a client of 2026-07-28 what it subscribed to', async () => {
  const gateway = await start('per-subject')
  const url = gateway.server('local')
  const token = (await obtainToken(gateway.publicUrl, url, 'ada')).accessToken
  const client = await openStdioClient(url, token)
  const heard: StreamMessage[] = []
  const wanted = { toolsListChanged: true, resourceSubscriptions: ['file:///a'] }
  const stream = await listenToModern(url, token, wanted, (message) => heard.push(message))
  onTestFinished(() => stream.close())
  await expect.poll(() => methodsOf(heard)).toEqual(['subscriptions/acknowledged'])
  await expect.poll(() => client.call('received')).toContainEqual(expect.stringContaining('resources/subscribe'))
  await client.call('later', { what: 'file:///a' })
  await expect.poll(() => methodsOf(heard).slice(1)).toEqual(['tools/list_changed', 'resources/updated'])
  expect(
    heard.every(({ params }) => JSON.stringify(params).includes('"io.modelcontextprotocol/subscriptionId":"sub"')),
  ).toBe(true)
})
