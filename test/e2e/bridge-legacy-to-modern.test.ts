import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Fixture, startFixture } from '../conformance/fixture/start-fixture.ts'
import { obtainToken } from '../harness/obtain-token.ts'
import { postRaw } from '../harness/post-message.ts'
import { readCallOutcome } from '../harness/real-client.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { askFor, type ModernUpstream, sayText, startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { waitUntil } from '../harness/wait-until.ts'
import { signIn } from '../harness/write-project.ts'

let fixture: Fixture
let upstream: ModernUpstream
let gateway: TestGateway
let tokens: { [server: string]: string }
const open: Client[] = []

beforeAll(async () => {
  fixture = await startFixture('modern')
  upstream = await startModernUpstream()
  gateway = await startTestGateway({
    servers: {
      real: { upstream: fixture.url, inbound: ['sign-in'] },
      scripted: { upstream: upstream.url, inbound: ['sign-in'] },
    },
    policies: signIn(),
  })
  const token = async (server: string) => (await obtainToken(gateway.publicUrl, gateway.server(server))).accessToken
  tokens = { real: await token('real'), scripted: await token('scripted') }
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await fixture.close()
})
beforeEach(() => {
  upstream.onRequest = (request) => request.answer(sayText('done'))
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()))
})

/** The official SDK v1 client, which knows 2025-11-25 and older; `capabilities` are what it says it can do. */
async function connect(server: 'real' | 'scripted', capabilities: object = {}, prepare?: (client: Client) => void) {
  const client = new Client({ name: 'older', version: '1.0.0' }, { capabilities })
  prepare?.(client)
  const transport = new StreamableHTTPClientTransport(new URL(gateway.server(server)), {
    requestInit: { headers: { authorization: `Bearer ${tokens[server]}` } },
  })
  await client.connect(transport)
  open.push(client)
  return { client, transport }
}

const callText = async (client: Client, name: string, input: object = {}) =>
  readCallOutcome(await client.callTool({ name, arguments: { ...input } })).text

describe('an SDK client of 2025-11-25 in front of a server of 2026-07-28', () => {
  it('finds what the server is and has', async () => {
    const { client, transport } = await connect('real')
    expect(transport.protocolVersion).toBe('2025-11-25')
    expect(client.getServerVersion()).toMatchObject({ name: 'conformance-fixture' })
    expect(client.getServerCapabilities()).toMatchObject({ tools: { listChanged: true }, logging: {} })
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toContain('test_simple_text')
    expect(await callText(client, 'test_simple_text')).toContain('simple text response')
    expect((await client.listPrompts()).prompts.length).toBeGreaterThan(2)
    const { contents } = await client.readResource({ uri: 'test://static-text' })
    expect(contents).toHaveLength(1)
    expect(await client.ping()).toEqual({})
    const event = await gateway.waitForEvent(({ method }) => method === 'resources/read')
    expect(event).toMatchObject({ clientProtocol: '2025-11-25', upstreamProtocol: '2026-07-28' })
  })

  it('is asked what the server wants to know, in as many rounds as it takes', async () => {
    const asked: string[] = []
    const { client } = await connect('real', { elicitation: {}, sampling: {}, roots: {} }, (each) => {
      each.setRequestHandler(ElicitRequestSchema, ({ params }) => {
        asked.push(params.message)
        return { action: 'accept', content: { name: 'Ada', color: 'green', ok: true } }
      })
      each.setRequestHandler(CreateMessageRequestSchema, () => {
        asked.push('sampling')
        return { model: 'm', role: 'assistant', content: { type: 'text', text: 'Good day!' } }
      })
      each.setRequestHandler(ListRootsRequestSchema, () => {
        asked.push('roots')
        return { roots: [{ uri: 'file:///home', name: 'Home' }] }
      })
    })
    expect(await callText(client, 'test_input_required_result_multi_round')).toBe('Ada likes green.')
    expect(asked).toEqual(['Step 1: What is your name?', 'Step 2: What is your favorite color?'])
    expect(await callText(client, 'test_input_required_result_multiple_inputs')).toBe('Thank you for all three.')
    expect(await callText(client, 'test_input_required_result_request_state')).toBe('state-ok')
    expect(await callText(client, 'test_input_required_result_list_roots')).toBe('Roots: file:///home')
  })

  it('that cannot be asked is told so by the tool', async () => {
    const { client } = await connect('real')
    const outcome = readCallOutcome(await client.callTool({ name: 'test_missing_capability', arguments: {} }))
    expect(outcome.isError).toBe(true)
    expect(outcome.text).toContain('sampling')
  })

  it('sees progress and, at the level it asked for, log messages', async () => {
    const logged: unknown[] = []
    const { client } = await connect('real', {}, (each) => {
      each.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logged.push(params.data))
    })
    await callText(client, 'test_logging_tool')
    expect(logged).toEqual([])
    await client.setLoggingLevel('debug')
    await callText(client, 'test_logging_tool')
    expect(logged).toHaveLength(1)
    const progress: number[] = []
    const call = { name: 'test_tool_with_progress', arguments: {} }
    await client.callTool(call, undefined, { onprogress: ({ progress: at }) => void progress.push(at) })
    expect(progress).toEqual([0, 50, 100])
  })

  it('hears that tools changed, on its GET stream', async () => {
    let changes = 0
    const { client } = await connect('real', {}, (each) => {
      each.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes++)
    })
    // Changes are only heard once the stream is open upstream.
    await waitUntil('the change', async () => {
      await callText(client, 'test_trigger_tool_change')
      return changes > 0
    })
  })

  it('sends arguments in headers as well, where the tool says so', async () => {
    const { client } = await connect('real')
    expect(await callText(client, 'test_mirrored_argument', { region: 'eu-west' })).toBe('Mirrored.')
  })
})

describe('what the upstream receives', () => {
  it("has the envelope, ids of the gateway, and nothing of the client's session", async () => {
    const { client } = await connect('scripted', {
      roots: { listChanged: true },
      extensions: { 'com.example/x': { a: 1 } },
    })
    const before = upstream.requests.length
    await Promise.all([callText(client, 'work', { a: 1 }), callText(client, 'work', { a: 2 })])
    const calls = upstream.requests.slice(before).filter(({ message }) => message.method === 'tools/call')
    expect(calls.map(({ message }) => message.params?.['arguments'])).toEqual(
      expect.arrayContaining([{ a: 1 }, { a: 2 }]),
    )
    expect(new Set(calls.map(({ message }) => message.id)).size).toBe(2)
    expect(calls[0]?.message.params?.['_meta']).toMatchObject({
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'older', version: '1.0.0' },
      'io.modelcontextprotocol/clientCapabilities': { roots: {}, extensions: { 'com.example/x': { a: 1 } } },
    })
    expect(calls[0]?.headers).not.toHaveProperty('authorization')
  })

  it('is listed anew once when it does not know the headers any more', async () => {
    const annotated = (header: string) => ({
      name: 'work',
      inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': header } } },
    })
    const seen: unknown[] = []
    upstream.tools = [annotated('Old')]
    upstream.onRequest = (request) => {
      seen.push([request.headers['mcp-param-old'], request.headers['mcp-param-new']])
      if (request.headers['mcp-param-new'] === undefined) request.answer({ error: { code: -32020, message: 'x' } }, 400)
      else request.answer(sayText('in the new one'))
    }
    const { client } = await connect('scripted')
    await client.listTools()
    upstream.tools = [annotated('New')]
    expect(await callText(client, 'work', { region: 'eu' })).toBe('in the new one')
    expect(seen).toEqual([
      ['eu', undefined],
      [undefined, 'eu'],
    ])
    upstream.tools = [annotated('Newest')]
    seen.length = 0
    upstream.onRequest = (request) => {
      seen.push(0)
      request.answer({ error: { code: -32020, message: 'x' } }, 400)
    }
    await expect(callText(client, 'work', { region: 'eu' })).rejects.toMatchObject({ code: -32603 })
    expect(seen).toHaveLength(2)
    upstream.tools = [{ name: 'work', inputSchema: { type: 'object' } }]
  })
})

describe('questions', () => {
  const form = {
    method: 'elicitation/create',
    params: { mode: 'form', message: 'Who?', requestedSchema: { type: 'object', properties: {} } },
  }

  it('carry the state of the upstream back byte for byte, with the same call', async () => {
    const state = 'st\u0000ate "\\ \ud83d\ude00 é'
    const calls: unknown[] = []
    upstream.onRequest = (request) => {
      calls.push(request.message.params)
      request.answer(calls.length === 1 ? askFor({ k: form }, state) : sayText('thanks'))
    }
    const { client } = await connect('scripted', { elicitation: {} }, (each) => {
      each.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { a: 'b' } }))
    })
    expect(await callText(client, 'work', { x: 1 })).toBe('thanks')
    expect(calls[1]).toMatchObject({
      name: 'work',
      arguments: { x: 1 },
      requestState: state,
      inputResponses: { k: { action: 'accept', content: { a: 'b' } } },
    })
  })

  it('come on a stream that was streaming already', async () => {
    let round = 0
    upstream.onRequest = (request) => {
      const { _meta } = request.message.params as { _meta: { progressToken?: unknown } }
      request.notify('notifications/progress', { progressToken: _meta.progressToken, progress: ++round })
      request.answer(round === 1 ? askFor({ k: form }) : sayText('thanks'))
    }
    const progress: number[] = []
    const { client } = await connect('scripted', { elicitation: {} }, (each) => {
      each.setRequestHandler(ElicitRequestSchema, () => ({ action: 'decline' }))
    })
    const call = { name: 'work', arguments: {} }
    const result = await client.callTool(call, undefined, { onprogress: ({ progress: at }) => void progress.push(at) })
    expect(readCallOutcome(result).text).toBe('thanks')
    expect(progress).toEqual([1, 2])
  })

  it('end after eight rounds', async () => {
    let calls = 0
    upstream.onRequest = (request) => {
      calls++
      request.answer(askFor({ k: form }))
    }
    const { client } = await connect('scripted', { elicitation: {} }, (each) => {
      each.setRequestHandler(ElicitRequestSchema, () => ({ action: 'cancel' }))
    })
    expect(await callText(client, 'work')).toContain('more than 8 times')
    expect(calls).toBe(9)
  })

  it('that the client refuses fail the call in words', async () => {
    upstream.onRequest = (request) =>
      request.answer(askFor({ k: { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } } }))
    const { client } = await connect('scripted', { sampling: {} }, (each) => {
      each.setRequestHandler(CreateMessageRequestSchema, () => {
        throw new Error('not today')
      })
    })
    const outcome = readCallOutcome(await client.callTool({ name: 'work', arguments: {} }))
    expect(outcome).toMatchObject({ isError: true, text: expect.stringContaining('not today') as string })
  })

  it('about a page are asked once, and the upstream again until the person was there', async () => {
    const page = {
      method: 'elicitation/create',
      params: { mode: 'url', message: 'Sign in.', url: 'https://x.example/a' },
    }
    let calls = 0
    upstream.onRequest = (request) => request.answer(++calls < 3 ? askFor({ k: page }) : sayText('signed in'))
    const asked: unknown[] = []
    const { client } = await connect('scripted', { elicitation: { url: {} } }, (each) => {
      each.setRequestHandler(ElicitRequestSchema, ({ params }) => {
        asked.push(params)
        return { action: 'accept' }
      })
    })
    expect(await callText(client, 'work')).toBe('signed in')
    expect(asked).toMatchObject([
      { mode: 'url', url: 'https://x.example/a', elicitationId: expect.any(String) as string },
    ])
    expect(calls).toBe(3)
  })
})

describe('an end', () => {
  it('of a call that the client cancels is an end upstream', async () => {
    const started = Promise.withResolvers<{ readonly closed: Promise<void> }>()
    upstream.onRequest = (request) => started.resolve(request)
    const { client } = await connect('scripted')
    const abort = new AbortController()
    const call = client.callTool({ name: 'work', arguments: {} }, undefined, { signal: abort.signal })
    const { closed } = await started.promise
    abort.abort()
    await expect(call).rejects.toThrow()
    await closed
    const event = await gateway.waitForEvent(({ reason }) => reason === 'request_cancelled')
    expect(event).toMatchObject({ outcome: 'cancelled', capability: 'work' })
  })

  it('of the session is an end of everything in it', async () => {
    const { client, transport } = await connect('scripted')
    const { sessionId } = transport
    await transport.terminateSession()
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    const headers = { authorization: `Bearer ${tokens['scripted']}`, 'mcp-session-id': String(sessionId) }
    expect((await postRaw(gateway.server('scripted'), body, headers)).status).toBe(404)
    await client.close()
  })
})

it('a resource that the session subscribed to is reported on its stream, also after the subscription changed', async () => {
  const updated: string[] = []
  const listening = new Map<object, readonly string[]>()
  upstream.onListen = (request) => {
    const { notifications } = request.message.params as { notifications: { resourceSubscriptions?: string[] } }
    request.notify('notifications/subscriptions/acknowledged', { notifications })
    listening.set(request, notifications.resourceSubscriptions ?? [])
    void request.closed.then(() => listening.delete(request))
  }
  const announce = (uri: string) => {
    for (const [request, uris] of listening) {
      const { id } = (request as { message: { id: string } }).message
      const params = { uri, _meta: { 'io.modelcontextprotocol/subscriptionId': id } }
      if (uris.includes(uri))
        (request as { notify(method: string, params: object): void }).notify('notifications/resources/updated', params)
    }
  }
  const { client } = await connect('scripted', {}, (each) => {
    each.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updated.push(params.uri))
  })
  const subscribed = () => [...listening.values()].flat()
  await client.subscribeResource({ uri: 'a:1' })
  await waitUntil('the first', () => subscribed().includes('a:1'))
  await client.subscribeResource({ uri: 'a:2' })
  await waitUntil('both', () => subscribed().length === 2)
  announce('a:1')
  announce('a:2')
  await waitUntil('two updates', () => updated.length === 2)
  expect(updated).toEqual(['a:1', 'a:2'])
  await client.unsubscribeResource({ uri: 'a:1' })
  await waitUntil('one left', () => subscribed().join() === 'a:2')
  await client.close()
  await waitUntil('nobody listens', () => listening.size === 0)
})

it('a session goes on after the gateway was restarted', async () => {
  const { client } = await connect('scripted')
  await client.listTools()
  await gateway.restart()
  expect((await client.listTools()).tools.length).toBeGreaterThan(0)
})
