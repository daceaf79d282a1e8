import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postModern } from '../harness/post-message.ts'
import { readCallOutcome } from '../harness/real-client.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type OlderUpstream, startOlderUpstream } from '../harness/upstreams/older-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn } from '../harness/write-project.ts'

// The official client of 2026-07-28, which knows no session, in front of a real server of the older revisions, which knows nothing else.

describe.each(['json', 'sse'] as const)('an older upstream that answers %s', (answers) => {
  let upstream: OlderUpstream
  let gateway: TestGateway
  let url: string
  beforeAll(async () => {
    upstream = await startOlderUpstream({ json: answers === 'json' })
    gateway = await startTestGateway({
      servers: { older: { upstream: upstream.url, inbound: ['sign-in'] } },
      policies: signIn(),
    })
    url = gateway.server('older')
  })
  afterAll(async () => {
    await gateway.close()
    await upstream.close()
  })

  const tokenOf = async (person: string) => (await obtainToken(gateway.publicUrl, url, person)).accessToken

  it('serves a client that insists on 2026-07-28', async () => {
    const client = await connect(url, await tokenOf('ada'))
    expect(client.getServerVersion()).toMatchObject({ name: 'older-upstream', title: 'Older' })
    expect(client.getServerCapabilities()).toMatchObject({
      tools: { listChanged: true },
      resources: { subscribe: true },
    })
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toContain('echo')
    const result = await client.callTool({ name: 'echo', arguments: { said: 1 } })
    expect(result.structuredContent).toEqual({ input: { said: 1 } })
    await client.close()
  })

  it('keeps one session per person', async () => {
    const before = upstream.begun
    const [grace, alan] = [await tokenOf('grace'), await tokenOf('alan')]
    for (const token of [grace, grace, alan, grace, alan]) {
      expect((await postModern(url, token, 'tools/call', { name: 'echo', arguments: {} })).status).toBe(200)
    }
    expect(upstream.begun - before).toBe(2)
    const sessions = new Set(upstream.calls.slice(-5).map((call) => call.split(':')[0]))
    expect(sessions.size).toBe(2)
  })

  it('asks for input where the upstream does not say for which call', async () => {
    const client = await connect(url, await tokenOf('barbara'), { elicitation: {} })
    client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { name: 'Barbara' } }))
    const greet = () => client.callTool({ name: 'greet_aside', arguments: {} })
    expect(textOf(await greet())).toBe('Hello, Barbara!')
    expect((await Promise.all([greet(), greet(), greet()])).map(textOf)).toEqual([1, 2, 3].map(() => 'Hello, Barbara!'))
    await client.close()
  })

  it('begins anew, once, when the upstream forgot its sessions', async () => {
    const token = await tokenOf('edsger')
    await postModern(url, token, 'tools/list')
    upstream.forget()
    const answer = await postModern(url, token, 'tools/call', { name: 'echo', arguments: {} })
    expect(answer.message?.result).toMatchObject({ resultType: 'complete' })
  })
})

describe('a call of an older upstream', () => {
  let upstream: OlderUpstream
  let gateway: TestGateway
  let url: string
  let token: string
  beforeAll(async () => {
    upstream = await startOlderUpstream()
    gateway = await startTestGateway({
      servers: { older: { upstream: upstream.url, inbound: ['sign-in'] } },
      policies: signIn(),
    })
    url = gateway.server('older')
    token = (await obtainToken(gateway.publicUrl, url)).accessToken
  })
  afterAll(async () => {
    await gateway.close()
    await upstream.close()
  })

  it('asks for input where the upstream asks its client, and runs once', async () => {
    const client = await connect(url, token, { elicitation: { form: {} }, sampling: {}, roots: {} })
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      const answers: { [message: string]: string } = { 'What is your name?': 'Ada', 'First?': 'one', 'Second?': 'two' }
      return { action: 'accept', content: { name: answers[params.message] ?? '?' } }
    })
    client.setRequestHandler('sampling/createMessage', async () => {
      return { role: 'assistant', model: 'm', content: { type: 'text', text: 'Paris' } }
    })
    client.setRequestHandler('roots/list', async () => ({ roots: [{ uri: 'file:///home' }] }))
    const before = upstream.calls.length
    expect(textOf(await client.callTool({ name: 'greet', arguments: {} }))).toBe('Hello, Ada!')
    expect(textOf(await client.callTool({ name: 'ask_two', arguments: {} }))).toBe('one and two')
    expect(textOf(await client.callTool({ name: 'sample', arguments: {} }))).toContain('Paris')
    expect(textOf(await client.callTool({ name: 'roots', arguments: {} }))).toBe('file:///home')
    expect(upstream.calls.slice(before).map((call) => call.split(':')[1])).toEqual([
      'greet',
      'ask_two',
      'sample',
      'roots',
    ])
    await client.close()
  })

  it('asks two questions of one moment together', async () => {
    const asked = await ask(token, 'ask_two', {}, { elicitation: {} })
    expect(asked.message?.result).toMatchObject({
      resultType: 'input_required',
      requestState: expect.any(String) as string,
      inputRequests: {
        r0: { method: 'elicitation/create', params: { mode: 'form', message: 'First?' } },
        r1: { method: 'elicitation/create', params: { mode: 'form', message: 'Second?' } },
      },
    })
    const { requestState } = asked.message?.result ?? {}
    const first = { r0: { action: 'accept', content: { name: 'one' } } }
    const again = await ask(token, 'ask_two', { requestState, inputResponses: first }, { elicitation: {} })
    // What was not answered is asked again, what was answered is not.
    expect(Object.keys(again.message?.result?.['inputRequests'] as object)).toEqual(['r1'])
    const rest = {
      requestState: again.message?.result?.['requestState'],
      inputResponses: { r1: { action: 'decline' } },
    }
    const done = await ask(token, 'ask_two', rest, { elicitation: {} })
    expect(done.message?.result).toMatchObject({ resultType: 'complete', content: [{ text: 'one and decline' }] })
  })

  it('tells the upstream when the client cannot answer', async () => {
    const answer = await ask(token, 'greet', {}, {})
    expect(answer.message?.error ?? answer.message?.result).toBeDefined()
    expect(JSON.stringify(answer.message)).toMatch(/elicitation/i)
  })

  it('reports progress under the token of the client, as it happens', async () => {
    const client = await connect(url, token)
    const seen: unknown[] = []
    const result = await client.callTool(
      { name: 'report', arguments: {} },
      { onprogress: (progress) => void seen.push(progress) },
    )
    expect(textOf(result)).toBe('reported')
    expect(seen).toMatchObject([{ progress: 1 }, { progress: 2 }, { progress: 3, message: 'part 3' }])
    await client.close()
  })

  it('logs from the level that the call asked for, and nothing when it did not', async () => {
    const level = (logLevel: string) => ({ 'io.modelcontextprotocol/logLevel': logLevel })
    expect(logged(await ask(token, 'log', {}, {}, level('debug')))).toEqual(['debug said', 'error said'])
    expect(logged(await ask(token, 'log', {}, {}, level('warning')))).toEqual(['error said'])
    expect(logged(await ask(token, 'log', {}, {}))).toEqual([])
  })

  it('is cancelled upstream when the client hangs up', async () => {
    const abort = new AbortController()
    const client = await connect(url, token)
    const call = client.callTool({ name: 'hold', arguments: {} }, { signal: abort.signal })
    await waitUntil('the call', () => upstream.calls.at(-1)?.endsWith(':hold'))
    abort.abort()
    await expect(call).rejects.toThrow()
    await waitUntil('the cancellation', () => upstream.cancelled.length === 1)
    const event = await gateway.waitForEvent(
      ({ capability, outcome }) => capability === 'hold' && outcome === 'cancelled',
    )
    expect(event).toMatchObject({
      reason: 'request_cancelled',
      clientProtocol: '2026-07-28',
      upstreamProtocol: '2025-11-25',
    })
    await client.close()
  })

  it('asks to open a link where the upstream refuses until somebody did', async () => {
    const capabilities = { elicitation: { url: {} } }
    const asked = await ask(token, 'open_link', {}, capabilities)
    expect(asked.message?.result).toMatchObject({
      resultType: 'input_required',
      inputRequests: { url0: { params: { mode: 'url', url: 'https://up.example/open', message: 'Open this' } } },
    })
    expect(JSON.stringify(asked.message)).not.toContain('elicitationId')
    const { requestState } = asked.message?.result ?? {}
    const refused = { requestState, inputResponses: { url0: { action: 'decline' } } }
    const declined = await ask(token, 'open_link', refused, capabilities)
    expect(declined.message?.result).toMatchObject({ isError: true, resultType: 'complete' })
    upstream.opened = true
    const accepted = { requestState, inputResponses: { url0: { action: 'accept' } } }
    const done = await ask(token, 'open_link', accepted, capabilities)
    expect(done.message?.result).toMatchObject({ content: [{ text: 'through' }] })
    upstream.opened = false
  })

  it('shows the link to a client that opens none', async () => {
    const { message } = await ask(token, 'open_link', {}, {})
    expect(message?.result).toMatchObject({ isError: true, content: [{ text: 'Open this https://up.example/open' }] })
  })

  it('says that a resource is not there in the words of 2026-07-28', async () => {
    const { message, status } = await postModern(
      url,
      token,
      'resources/read',
      { uri: 'test://none' },
      { 'mcp-name': 'test://none' },
    )
    expect({ status, error: message?.error }).toMatchObject({
      status: 200,
      error: { code: -32602, data: { uri: 'test://none' } },
    })
  })

  it('does not offer what only older clients can call', async () => {
    const { message } = await postModern(url, token, 'tools/list')
    const tools = message?.result?.['tools'] as { name: string; execution?: object }[]
    expect(tools.find(({ name }) => name === 'task_only')).toBeUndefined()
    expect(tools.find(({ name }) => name === 'greet')?.execution).toBeUndefined()
    expect(tools.find(({ name }) => name === 'echo')).toMatchObject({
      'x-vendor': { kept: true },
      annotations: { vendor: 1 },
    })
    expect(message?.result).toMatchObject({ 'x-list': 1, ttlMs: 0, cacheScope: 'private', resultType: 'complete' })
  })

  const ask = (person: string, name: string, params: object, capabilities: object, meta: object = {}) =>
    postModern(url, person, 'tools/call', {
      name,
      arguments: {},
      ...params,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': capabilities,
        ...meta,
      },
    })
})

describe('an upstream that closes its streams', () => {
  it('is asked for the rest, and the client notices nothing', async () => {
    const upstream = await startOlderUpstream({ resumable: true })
    const gateway = await startTestGateway({
      servers: { older: { upstream: upstream.url, inbound: ['sign-in'] } },
      policies: signIn(),
    })
    const url = gateway.server('older')
    const client = await connect(url, (await obtainToken(gateway.publicUrl, url)).accessToken, { elicitation: {} })
    client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { name: 'Ada' } }))
    expect(textOf(await client.callTool({ name: 'drop', arguments: {} }))).toBe('Hello, Ada!')
    expect(upstream.calls.map((call) => call.split(':')[1])).toEqual(['drop'])
    expect(upstream.resumed).toBeGreaterThan(0)
    await client.close()
    await gateway.close()
    await upstream.close()
  })
})

describe('listening to an older upstream', () => {
  let upstream: OlderUpstream
  let gateway: TestGateway
  let url: string
  let token: string
  beforeAll(async () => {
    upstream = await startOlderUpstream()
    gateway = await startTestGateway({
      servers: { older: { upstream: upstream.url, inbound: ['sign-in'] } },
      policies: signIn(),
    })
    url = gateway.server('older')
    token = (await obtainToken(gateway.publicUrl, url)).accessToken
  })
  afterAll(async () => {
    await gateway.close()
    await upstream.close()
  })

  it('opens its stream while somebody listens, and shares it', async () => {
    const client = await connect(url, token)
    const seen: string[] = []
    client.setNotificationHandler('notifications/tools/list_changed', () => void seen.push('tools'))
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void seen.push(params.uri))
    expect(upstream.listening).toBe(0)
    const tools = await client.listen({ toolsListChanged: true, promptsListChanged: true })
    // The upstream has no prompts.
    expect(tools.honoredFilter).toEqual({ toolsListChanged: true })
    const one = await client.listen({ resourceSubscriptions: ['test://one'] })
    const both = await client.listen({ resourceSubscriptions: ['test://one', 'test://two'] })
    expect(one.honoredFilter).toEqual({ resourceSubscriptions: ['test://one'] })
    expect({ listening: upstream.listening, subscribed: upstream.subscribed }).toEqual({
      listening: 1,
      subscribed: ['test://one', 'test://two'],
    })
    await upstream.notifyTools()
    await upstream.notifyResource('test://two')
    await upstream.notifyResource('test://other')
    await upstream.notifyResource('test://one')
    // Two streams listen to the first resource.
    await waitUntil('all notifications', () => seen.length === 4)
    expect(seen).toEqual(['tools', 'test://two', 'test://one', 'test://one'])
    await both.close()
    await waitUntil('one subscription', () => upstream.subscribed.length === 1)
    expect(upstream.subscribed).toEqual(['test://one'])
    await tools.close()
    await one.close()
    await waitUntil('no stream', () => upstream.listening === 0 && upstream.subscribed.length === 0)
    await client.close()
  })

  it('ends as it should when the session is gone, and goes on in a new one', async () => {
    const client = await connect(url, token)
    const first = await client.listen({ toolsListChanged: true })
    upstream.forget()
    upstream.cut()
    expect(await first.closed).toBe('graceful')
    const seen: string[] = []
    client.setNotificationHandler('notifications/tools/list_changed', () => void seen.push('tools'))
    const second = await client.listen({ toolsListChanged: true })
    await upstream.notifyTools()
    await waitUntil('the notification', () => seen.length === 1)
    await second.close()
    await client.close()
  })

  it('ends its sessions upstream when the gateway stops', async () => {
    const open = [...upstream.sessions.keys()]
    expect(open.length).toBeGreaterThan(0)
    await gateway.restart()
    expect(upstream.ended).toEqual(expect.arrayContaining(open))
  })
})

function logged({ text }: { readonly text: string }): unknown[] {
  const events = text.split('\n').filter((line) => line.startsWith('data: '))
  return events
    .map((line) => JSON.parse(line.slice('data: '.length)) as { method?: string; params?: { data?: unknown } })
    .filter(({ method }) => method === 'notifications/message')
    .map(({ params }) => params?.data)
}

function textOf(result: unknown): string {
  return readCallOutcome(result).text
}

async function connect(url: string, token: string, capabilities = {}): Promise<Client> {
  const client = new Client(
    { name: 'bridge-test', version: '1.0.0' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } }, capabilities },
  )
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
  return client
}
