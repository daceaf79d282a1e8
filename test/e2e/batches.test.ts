import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { type PostAnswer, postRaw } from '../harness/post-message.ts'
import { openAnswer } from '../harness/read-events.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type EchoUpstream, startEchoUpstream } from '../harness/upstreams/echo-upstream.ts'
import { askFor, type ModernUpstream, sayText, startModernUpstream } from '../harness/upstreams/modern-upstream.ts'
import { signIn } from '../harness/write-project.ts'

let echo: EchoUpstream
let modern: ModernUpstream
let gateway: TestGateway
let tokens: { [server: string]: string }

beforeAll(async () => {
  echo = await startEchoUpstream()
  modern = await startModernUpstream()
  const inbound = ['sign-in', 'key', 'few', 'curated']
  gateway = await startTestGateway({
    servers: { echo: { upstream: echo.url, inbound }, modern: { upstream: modern.url, inbound } },
    policies: {
      ...signIn(),
      key: ['set-headers-inbound', { headers: [{ name: 'x-key', value: 'k' }] }],
      few: ['rate-limit-inbound', { rateLimitBy: 'user', requestsAllowed: 20, timeWindowMinutes: 1 }],
      curated: ['mcp-capability-filter-inbound', { deny: { tools: ['secret'] } }],
    },
  })
  tokens = {}
})
afterAll(async () => {
  await gateway.close()
  await echo.close()
  await modern.close()
})
beforeEach(async () => {
  // A person of their own each time: their requests are counted.
  const person = `person-${Math.random()}`
  for (const server of ['echo', 'modern']) {
    tokens[server] = (await obtainToken(gateway.publicUrl, gateway.server(server), person)).accessToken
  }
})

const post = (server: string, body: unknown, headers: Record<string, string> = {}): Promise<PostAnswer> =>
  postRaw(gateway.server(server), JSON.stringify(body), { authorization: `Bearer ${tokens[server]}`, ...headers })
const request = (id: number, method: string, params: object = {}) => ({ jsonrpc: '2.0', id, method, params })
const call = (id: number, name: string) => request(id, 'tools/call', { name, arguments: {} })
const answersOf = ({ text }: PostAnswer) =>
  (JSON.parse(text) as { id?: number; result?: object; error?: { code: number } }[]).toSorted(
    (one, other) => Number(one.id) - Number(other.id),
  )

describe('a batch of 2025-03-26', () => {
  it('is answered as one array, each message under its own id and with the policies of the route', async () => {
    const before = echo.requests.length
    const answer = await post('echo', [
      call(1, 'echo'),
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      call(2, 'secret'),
      request(3, 'tools/list'),
      request(4, 'no/such/method'),
      { id: 5, method: 'tools/list' },
    ])
    expect(answer.status).toBe(200)
    const answers = answersOf(answer)
    expect(answers.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5])
    expect(answers[0]?.result).toMatchObject({ content: [{ text: expect.stringContaining('"x-key":"k"') as string }] })
    expect(answers[1]?.error).toMatchObject({ data: { reason: 'capability_not_allowed' } })
    expect(answers[2]?.result).toMatchObject({ tools: [{ name: 'echo' }] })
    expect(answers[3]?.error?.code).toBe(-32601)
    expect(answers[4]?.error?.code).toBe(-32600)
    const sent = echo.requests.slice(before)
    expect(sent).toHaveLength(3)
    expect(sent.every(({ headers }) => headers['x-key'] === 'k')).toBe(true)
    const requestId = String(answer.headers['x-request-id'])
    await gateway.waitForEvent((event) => event.requestId === requestId && event.capability === 'secret')
    expect(
      await gateway.waitForEvent((event) => event.requestId === requestId && event.capability === 'echo'),
    ).toMatchObject({ type: 'capability_completed', outcome: 'success' })
  })

  it('without a request is accepted', async () => {
    const answer = await post('echo', [{ jsonrpc: '2.0', method: 'notifications/initialized' }])
    expect([answer.status, answer.text]).toEqual([202, ''])
  })

  it('counts as many requests as it has', async () => {
    const answer = await post(
      'echo',
      Array.from({ length: 30 }, (_, index) => call(index, 'echo')),
    )
    const limited = answersOf(answer).filter(({ error }) => error?.code === 429)
    expect(limited).toHaveLength(10)
  })

  it.each([
    ['that is empty', []],
    ['that is too long', Array.from({ length: 51 }, (_, index) => request(index, 'tools/list'))],
    ['with an initialize', [request(1, 'tools/list'), request(2, 'initialize')]],
  ])('%s is refused as a whole', async (_, body) => {
    const before = echo.requests.length
    const answer = await post('echo', body)
    expect(answer.status).toBe(400)
    expect(answer.message?.error).toMatchObject({ code: -32600, data: { reason: 'message_batch' } })
    expect(echo.requests.length).toBe(before)
  })

  it.each(['2025-06-18', '2025-11-25', '2026-07-28'])('is none in %s', async (version) => {
    const answer = await post('echo', [request(1, 'tools/list')], { 'mcp-protocol-version': version })
    expect(answer.status).toBe(400)
    expect(answer.message?.error?.data?.reason).toBe('message_batch')
  })

  it('does not carry messages of 2026-07-28', async () => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const [answer] = answersOf(await post('echo', [request(1, 'tools/list', { _meta })]))
    expect(answer?.error?.code).toBeLessThan(-32000)
  })
})

describe('a batch over a bridge', () => {
  it('whose calls stream is answered as events, questions and their answers included', async () => {
    const initialize = request(0, 'initialize', {
      protocolVersion: '2025-03-26',
      capabilities: { sampling: {} },
      clientInfo: { name: 'c', version: '1' },
    })
    const { headers, message } = await post('modern', initialize)
    expect(message?.result).toMatchObject({ protocolVersion: '2025-03-26' })
    const session = { 'mcp-session-id': String(headers['mcp-session-id']) }
    modern.onRequest = (each) => {
      const { name, inputResponses } = each.message.params as { name: string; inputResponses?: object }
      const question = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } }
      each.answer(name === 'ask' && !inputResponses ? askFor({ k: question }) : sayText(name))
    }
    const opened = await openAnswer(
      gateway.server('modern'),
      { authorization: `Bearer ${tokens['modern']}`, ...session },
      [call(1, 'plain'), call(2, 'ask')],
    )
    const messages = [await opened.next(), await opened.next()]
    const question = messages.find(({ method }) => method === 'sampling/createMessage')
    expect(messages.find(({ id }) => id === 1)?.result).toMatchObject({ content: [{ text: 'plain' }] })
    const response = { jsonrpc: '2.0', id: question?.id, result: { role: 'assistant', content: {}, model: 'm' } }
    // Responses may come in a batch as well.
    expect((await post('modern', [response], session)).status).toBe(202)
    expect(await opened.next()).toMatchObject({ id: 2, result: { content: [{ text: 'ask' }] } })
    await opened.ended
  })
})
