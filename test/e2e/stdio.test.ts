import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { postModern } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { openStdioClient, readToolText } from '../harness/stdio-client.ts'
import { stdioServer } from '../harness/stdio-programs.ts'
import { signIn } from '../harness/write-project.ts'

let gateway: TestGateway
const tokens = new Map<string, string>()

beforeAll(async () => {
  gateway = await startTestGateway({
    policies: signIn(),
    servers: {
      first: { upstream: stdioServer('sdk-v1'), inbound: ['sign-in'] },
      second: { upstream: stdioServer('sdk-v2'), inbound: ['sign-in'] },
      newest: { upstream: stdioServer('sdk-v2', { args: ['--modern-only'] }), inbound: ['sign-in'] },
      scripted: {
        upstream: stdioServer('scripted', { env: { UPSTREAM_KEY: 'given-key' } }),
        inbound: ['sign-in'],
      },
    },
  })
  for (const server of ['first', 'second', 'newest', 'scripted']) {
    const { accessToken } = await obtainToken(gateway.publicUrl, gateway.server(server))
    tokens.set(server, accessToken)
  }
}, 30_000)

afterAll(() => gateway.close())

const tokenOf = (server: string) => tokens.get(server) ?? ''
const add = { name: 'add', arguments: { a: 2, b: 3 } }

it('serves a server of the first SDK to a client of the first SDK, with a question to the person', async () => {
  const client = new Client({ name: 'test', version: '1' }, { capabilities: { elicitation: {} } })
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    expect(params.message).toBe('What is your name?')
    return { action: 'accept' as const, content: { name: 'Ada' } }
  })
  const headers = { authorization: `Bearer ${tokenOf('first')}` }
  await client.connect(
    new StreamableHTTPClientTransport(new URL(gateway.server('first')), { requestInit: { headers } }),
  )
  expect(client.getServerVersion()?.name).toBe('sdk-v1-stdio')
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['add', 'greet'])
  expect((await client.callTool(add)).content).toEqual([{ type: 'text', text: '5' }])
  expect((await client.callTool({ name: 'greet' })).content).toEqual([{ type: 'text', text: 'Hello Ada' }])
  await client.close()
})

it('asks nobody who cannot answer, and says so to the server', async () => {
  const client = await openStdioClient(gateway.server('first'), tokenOf('first'))
  const answer = await client.post({ id: 1, method: 'tools/call', params: { name: 'greet', arguments: {} } })
  expect(answer.message?.result?.isError).toBe(true)
  expect(answer.text).toContain('No client can be asked elicitation/create now')
})

it('speaks 2026-07-28 with a server of the second SDK when the client does, and 2025-11-25 when it does not', async () => {
  const url = gateway.server('second')
  const discovered = await postModern(url, tokenOf('second'), 'server/discover')
  expect(discovered.message?.result?.supportedVersions).toContain('2026-07-28')
  const modern = await postModern(url, tokenOf('second'), 'tools/call', add)
  expect(modern.message).toMatchObject({ id: 1, result: { resultType: 'complete', content: [{ text: '5' }] } })
  const legacy = await openStdioClient(url, tokenOf('second'))
  expect(await legacy.call('add', { a: 20, b: 3 })).toBe(23)
})

it('serves a server of an older revision to a client of 2026-07-28', async () => {
  const url = gateway.server('first')
  const discovered = await postModern(url, tokenOf('first'), 'server/discover')
  expect(discovered.message?.result).toMatchObject({ resultType: 'complete', capabilities: { tools: {} } })
  const listed = await postModern(url, tokenOf('first'), 'tools/list')
  expect(listed.message?.result).toMatchObject({ resultType: 'complete', cacheScope: 'private' })
  const called = await postModern(url, tokenOf('first'), 'tools/call', add)
  expect(called.message?.result).toMatchObject({ resultType: 'complete', content: [{ text: '5' }] })
})

it('asks the person of a client of 2026-07-28 with input_required, and goes on with the same call', async () => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw-test', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
  }
  const url = gateway.server('first')
  const asked = await postModern(url, tokenOf('first'), 'tools/call', { name: 'greet', arguments: {}, _meta })
  const result = asked.message?.result as { requestState: string; inputRequests: Record<string, object> }
  expect(result).toMatchObject({ resultType: 'input_required' })
  const [key] = Object.keys(result.inputRequests)
  expect(result.inputRequests[key ?? '']).toMatchObject({
    method: 'elicitation/create',
    params: { mode: 'form', message: 'What is your name?' },
  })
  const inputResponses = { [key ?? '']: { action: 'accept', content: { name: 'Grace' } } }
  const { requestState } = result
  const answers = { name: 'greet', arguments: {}, _meta, inputResponses, requestState }
  const answered = await postModern(url, tokenOf('first'), 'tools/call', answers)
  expect(answered.message?.result).toMatchObject({ content: [{ text: 'Hello Grace' }] })
  const again = await postModern(url, tokenOf('first'), 'tools/call', answers)
  expect(again.message?.error?.data?.reason).toBe('input_expired')
})

it('lets clients of either era call a server of 2026-07-28 alone', async () => {
  const url = gateway.server('newest')
  const modern = await postModern(url, tokenOf('newest'), 'tools/call', add)
  expect(modern.message).toMatchObject({ result: { content: [{ text: '5' }] } })
  const client = await openStdioClient(url, tokenOf('newest'))
  expect(await client.call('add', add.arguments)).toBe(5)
})

it('answers with a stream where something comes before the result, under the names of the client', async () => {
  const client = await openStdioClient(gateway.server('scripted'), tokenOf('scripted'))
  const plain = await client.post({ id: 'a', method: 'tools/call', params: { name: 'pid', arguments: {} } })
  expect(plain.headers['content-type']).toBe('application/json')
  expect(plain.message?.id).toBe('a')
  const params = { name: 'say', arguments: { what: 'hello' }, _meta: { progressToken: 'mine' } }
  const streamed = await client.post({ id: 'b', method: 'tools/call', params })
  expect(streamed.headers['content-type']).toBe('text/event-stream')
  const messages = streamed.text
    .split('\n')
    .flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6))] : []))
  expect(messages.map(({ method, id }) => method ?? id)).toEqual([
    'notifications/progress',
    'notifications/message',
    'b',
  ])
  expect(messages[0].params.progressToken).toBe('mine')
  expect(readToolText(streamed)).not.toMatchObject({ token: 'mine' })
})

it('gives the program its own environment and nothing else of the gateway', async () => {
  const client = await openStdioClient(gateway.server('scripted'), tokenOf('scripted'))
  const { env, cwd } = (await client.call('environment')) as { env: Record<string, string>; cwd: string }
  expect(env.UPSTREAM_KEY).toBe('given-key')
  expect(env.PATH).toBe(process.env.PATH)
  expect(cwd).toBe(gateway.directory)
  const own = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'UPSTREAM_KEY', 'SALLYPORT_STDIO', 'PWD', 'OLDPWD', 'SHLVL', '_']
  expect(Object.keys(env).filter((name) => !own.includes(name))).toEqual([])
})

it('ends a session of a client, and forwards what it cancels', async () => {
  const client = await openStdioClient(gateway.server('scripted'), tokenOf('scripted'))
  const waiting = client.post({
    id: 77,
    method: 'tools/call',
    params: { name: 'wait', arguments: { name: 'cancelled' } },
  })
  const other = await openStdioClient(gateway.server('scripted'), tokenOf('scripted'))
  await expect.poll(() => other.call('waiters')).toContain('cancelled')
  await client.post({ method: 'notifications/cancelled', params: { requestId: 77 } })
  expect((await waiting).message?.error).toBeDefined()
  const seen = (await other.call('received')) as string[]
  expect(seen.some((line) => line.includes('notifications/cancelled') && !line.includes('77'))).toBe(true)
})
