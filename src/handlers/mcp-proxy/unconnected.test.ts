import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askLegacy, askModern, createTestProxy } from '../../../test/harness/ask-proxy.ts'
import {
  connectUrl,
  createFakeCredentials,
  createMemoryCatalogs,
  type FakeCredentials,
  tokenOf,
} from '../../../test/harness/fake-credentials.ts'
import { type AccountUpstream, startAccountUpstream } from '../../../test/harness/upstreams/account-upstream.ts'
import { waitUntil } from '../../../test/harness/wait-until.ts'
import type { McpHandler } from '../../contracts/handler.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'

let upstream: AccountUpstream
let credentials: FakeCredentials
let catalogs: ReturnType<typeof createMemoryCatalogs>
let proxy: McpHandler
const start = (settings: Partial<UpstreamSettings> = {}) => {
  credentials = createFakeCredentials(settings)
  catalogs = createMemoryCatalogs()
  proxy = createTestProxy(upstream.url, credentials, catalogs)
}
beforeEach(async () => {
  upstream = await startAccountUpstream({ sessions: true })
  start()
})
afterEach(async () => {
  await proxy.close?.()
  await upstream.close()
})

const whoami = { name: 'whoami', arguments: {} }
const urlCapabilities = { elicitation: { url: {} } }
const initialize = (capabilities: object) =>
  askLegacy(proxy, 'initialize', {
    protocolVersion: '2025-11-25',
    capabilities,
    clientInfo: { name: 'c', version: '1' },
  })

const connectData = {
  state: 'authenticating',
  upstreamServerId: 'tracker',
  operationId: 'tracker',
  authUrl: connectUrl,
  nextAction: 'redirect',
  authProfileId: 'tracker:user-oauth',
  connectRequired: { authUrl: connectUrl },
}
const question = {
  method: 'elicitation/create',
  params: { mode: 'url', message: 'Connect Tracker to continue.', url: connectUrl },
}

describe('a call without a connection', () => {
  it.each([
    ['tools/call', whoami],
    ['prompts/get', { name: 'p' }],
    ['resources/read', { uri: 'file:///x' }],
  ])('%s, 2026-07-28 with elicitation.url: asks for input', async (method, params) => {
    const { result, refusal } = await askModern(proxy, method, params, { capabilities: urlCapabilities })
    expect(result).toEqual({ resultType: 'input_required', inputRequests: { sallyport_connect: question } })
    expect(refusal?.reason).toBe('connection_required')
  })

  it.each([{}, { elicitation: {} }, { elicitation: { form: {} } }])(
    'tools/call, 2026-07-28 with %j: a tool error with the link',
    async (capabilities) => {
      const { result } = await askModern(proxy, 'tools/call', whoami, { capabilities })
      const text = expect.stringContaining(connectUrl) as string
      expect(result).toEqual({ resultType: 'complete', isError: true, content: [{ type: 'text', text }] })
    },
  )

  it.each([
    ['prompts/get', { name: 'p' }],
    ['completion/complete', { ref: {} }],
  ])(
    '%s, 2026-07-28 without it: an error with the link, and never the code of older revisions',
    async (method, params) => {
      const { error, status } = await askModern(proxy, method, params)
      expect(error).toMatchObject({
        code: -32603,
        message: expect.stringContaining(connectUrl) as string,
        data: connectData,
      })
      expect(status).toBe(200)
    },
  )

  it('2025-11-25 with elicitation.url: -32042 with every member that clients look for', async () => {
    const { session } = await initialize(urlCapabilities)
    const { error, status } = await askLegacy(proxy, 'tools/call', whoami, { session })
    const { message, url, mode } = question.params
    const elicitations = [{ mode, url, message, elicitationId: expect.stringMatching(/^\w{16,}$/) as string }]
    expect(error).toEqual({ code: -32042, message, data: { elicitations, ...connectData } })
    expect(status).toBe(200)
  })

  it('2025-11-25 without it, or without a session: a tool error with the link', async () => {
    const { session } = await initialize({ elicitation: {} })
    for (const caller of [{ session }, {}]) {
      const { result } = await askLegacy(proxy, 'tools/call', whoami, caller)
      expect(result).toMatchObject({
        isError: true,
        content: [{ text: expect.stringContaining(connectUrl) as string }],
      })
    }
  })

  it('reaches the upstream in no way', async () => {
    await askModern(proxy, 'tools/call', whoami)
    await askLegacy(proxy, 'tools/call', whoami)
    expect(upstream.requests.length + upstream.refused).toBe(0)
  })
})

describe('the answer to our question', () => {
  const retry = (action: string, others: object = {}) =>
    askModern(
      proxy,
      'tools/call',
      { ...whoami, inputResponses: { sallyport_connect: { action }, ...others } },
      { capabilities: urlCapabilities },
    )

  it('stays here; answers to questions of the upstream go on', async () => {
    credentials.accounts.set('ada', tokenOf('a'))
    await retry('accept')
    await retry('accept', { theirs: { action: 'accept' } })
    const sent = upstream.requests.map(({ message }) => message.params?.['inputResponses'])
    expect(sent).toEqual([undefined, { theirs: { action: 'accept' } }])
  })

  it('makes the call wait for the person who has opened the page', async () => {
    const answer = retry('accept')
    let asked = 0
    const obtain = credentials.obtain.bind(credentials)
    Object.assign(credentials, { obtain: (...call: Parameters<typeof obtain>) => (asked++, obtain(...call)) })
    await waitUntil('a second look', () => asked > 0)
    credentials.accounts.set('ada', tokenOf('a'))
    expect((await answer).result).toMatchObject({ content: [{ text: 'token-of-a' }] })
  })

  it('of one person without end makes nobody else hear at once that they are not connected', async () => {
    const settled: string[] = []
    const accept = async (subject: string) => {
      const params = { ...whoami, inputResponses: { sallyport_connect: { action: 'accept' } } }
      await askModern(proxy, 'tools/call', params, { subject, capabilities: urlCapabilities })
      settled.push(subject)
    }
    const waiting = Array.from({ length: 9 }, () => accept('ada'))
    await waitUntil('the ninth call is answered', () => settled.length > 0)
    const bob = accept('bob')
    credentials.accounts.set('bob', tokenOf('b'))
    await bob
    expect(settled).toEqual(['ada', 'bob'])
    credentials.accounts.set('ada', tokenOf('a'))
    await Promise.all(waiting)
  })

  it('no: the person is not asked again', async () => {
    expect((await retry('decline')).result).toMatchObject({ isError: true })
  })
})

describe('a client that starts without a connection', () => {
  it('2026-07-28: discovers what there is to know', async () => {
    const { result, status } = await askModern(proxy, 'server/discover')
    expect(status).toBe(200)
    expect(result).toMatchObject({
      resultType: 'complete',
      supportedVersions: expect.arrayContaining(['2026-07-28', '2025-11-25']) as string[],
      capabilities: { tools: {} },
      instructions: expect.stringContaining('Connect Tracker') as string,
      ttlMs: 0,
      cacheScope: 'private',
    })
    expect(JSON.stringify(result)).not.toContain(connectUrl)
  })

  it.each([
    ['2025-11-25', '2025-11-25'],
    ['2025-06-18', '2025-06-18'],
    ['2026-07-28', '2025-11-25'],
  ])('initialize with %s agrees on %s and gives a session', async (protocolVersion, agreed) => {
    const { result, session } = await askLegacy(proxy, 'initialize', { protocolVersion, capabilities: {} })
    expect(result).toMatchObject({ protocolVersion: agreed, capabilities: { tools: {} } })
    expect(session).toMatch(/^[\w-]{100,1000}$/)
  })

  it('is answered when it pings', async () => {
    expect((await askLegacy(proxy, 'ping')).result).toEqual({})
  })
})

describe('lists without a connection', () => {
  it('show one tool that connects, and nothing else', async () => {
    const { result, isOwn, refusal } = await askModern(proxy, 'tools/list')
    expect(result).toMatchObject({ tools: [{ name: 'connect_tracker', inputSchema: { type: 'object' } }], ttlMs: 0 })
    expect({ isOwn, reason: refusal?.reason }).toEqual({ isOwn: true, reason: 'connection_required' })
    expect((await askModern(proxy, 'prompts/list')).result).toMatchObject({ prompts: [] })
    expect((await askLegacy(proxy, 'resources/templates/list')).result).toEqual({ resourceTemplates: [] })
  })

  it('and that tool gives the link, and says when there is nothing left to do', async () => {
    const call = { name: 'connect_tracker', arguments: {} }
    const message = await askModern(proxy, 'tools/call', call)
    expect(message.result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining(connectUrl) as string }],
    })
    credentials.accounts.set('ada', tokenOf('a'))
    const { result } = await askModern(proxy, 'tools/call', call)
    expect(result).toMatchObject({ content: [{ text: expect.stringContaining('is connected') as string }] })
    expect(upstream.requests).toEqual([])
  })

  const listAs = async (subject: string) => (await askModern(proxy, 'tools/list', {}, { subject })).result?.['tools']
  const theirs = [expect.objectContaining({ name: 'whoami' })]
  const ours = [expect.objectContaining({ name: 'connect_tracker' })]

  it('show what the person saw last, for policies to read, and not what others saw', async () => {
    credentials.accounts.set('ada', tokenOf('a'))
    expect(await listAs('ada')).toEqual(theirs)
    credentials.expired.add('ada')
    expect(await listAs('ada')).toEqual(theirs)
    expect(await listAs('bob')).toEqual(ours)
    const { result, isOwn, refusal } = await askLegacy(proxy, 'tools/list')
    expect(Object.keys(result ?? {})).toEqual(['tools'])
    expect({ isOwn, reason: refusal?.reason }).toEqual({ isOwn: false, reason: 'connection_reconsent_required' })
  })

  it('show what somebody else saw last where the operator allows it', async () => {
    start({ shareCatalog: true })
    credentials.accounts.set('ada', tokenOf('a'))
    await listAs('ada')
    expect(await listAs('bob')).toEqual(theirs)
  })

  it('are forgotten with the connection, and known again with the next', async () => {
    credentials.accounts.set('ada', tokenOf('a'))
    await listAs('ada')
    credentials.accounts.clear()
    expect(await listAs('ada')).toEqual(ours)
    expect(JSON.stringify([...catalogs.records.values()])).not.toContain('whoami')
    credentials.accounts.set('ada', tokenOf('a'))
    await listAs('ada')
    credentials.expired.add('ada')
    expect(await listAs('ada')).toEqual(theirs)
  })
})
