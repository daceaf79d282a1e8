import { afterAll, beforeAll, expect, it } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { callTool, type PostAnswer, postModern } from '../harness/post-message.ts'
import { connectSdkV2 } from '../harness/sdk-v2-client.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'
import { handshakeResult, textResult, toolList } from '../harness/upstreams/mcp-results.ts'
import { signIn } from '../harness/write-project.ts'

// With discovery "search" two tools stand for all of them; nothing that a policy withholds can be found or called through them.
let upstream: RunningUpstream
let gateway: TestGateway
let token: string
const received: { readonly headers: NodeJS.Dict<string | string[]>; readonly params: unknown }[] = []

const tools = [
  {
    name: 'create_issue',
    description: 'Creates an issue.',
    inputSchema: { type: 'object', properties: { title: {} } },
  },
  {
    name: 'route_issue',
    description: 'Gives an issue to a team.',
    inputSchema: { type: 'object', properties: { team: { type: 'string', 'x-mcp-header': 'Team' } } },
  },
  { name: 'delete_issue', description: 'Deletes an issue.', inputSchema: { type: 'object' } },
  { name: 'weather', description: 'Says how the weather is.', inputSchema: { type: 'object' } },
]

beforeAll(async () => {
  upstream = await startUpstream((message, request, response) => {
    if (message.id === undefined) return response.writeHead(202).end()
    if (message.method === 'tools/call') received.push({ headers: request.headers, params: message.params })
    const result = handshakeResult(message) ?? (message.method === 'tools/list' ? toolList(tools) : textResult('done'))
    return sendJson(response, { jsonrpc: '2.0', id: message.id, result })
  })
  gateway = await startTestGateway({
    servers: {
      hub: {
        upstream: {
          members: { desk: { route: 'desk-server' } },
          discovery: 'search',
          alwaysListed: ['desk_weather', 'desk_delete_issue'],
        },
        inbound: ['sign-in', 'careful'],
      },
      'desk-server': { upstream: upstream.url, inbound: ['sign-in'] },
    },
    policies: {
      ...signIn(),
      careful: ['mcp-capability-filter-inbound', { tools: ['desk_create_issue', 'desk_route_issue', 'desk_weather'] }],
    },
  })
  token = (await obtainToken(gateway.publicUrl, gateway.server('hub'), 'ada')).accessToken
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const namesOf = ({ message, text }: PostAnswer): string[] => {
  const result = message?.result as { tools?: { name: string }[]; structuredContent?: { tools: { name: string }[] } }
  const found = result?.tools ?? result?.structuredContent?.tools
  if (found === undefined) throw new Error(text)
  return found.map(({ name }) => name)
}
const call = (name: string, input: object) =>
  postModern(gateway.server('hub'), token, 'tools/call', { name, arguments: input })

it('lists two tools, and those that are always listed, as far as the policies show them', async () => {
  expect(namesOf(await postModern(gateway.server('hub'), token, 'tools/list'))).toEqual([
    'search_tools',
    'call_tool',
    'desk_weather',
  ])
})

it('finds tools by what they do, best first, with what is needed to call them', async () => {
  const found = await call('search_tools', { query: 'create an issue', limit: 5 })
  expect(namesOf(found)).toEqual(['desk_create_issue', 'desk_route_issue'])
  expect(found.message?.result?.['structuredContent']).toMatchObject({
    tools: [{ inputSchema: tools[0]?.inputSchema }, {}],
  })
  expect(namesOf(await call('search_tools', { query: 'issue', limit: 1 }))).toHaveLength(1)
})

it('neither finds nor calls what a policy of the aggregate withholds', async () => {
  expect(namesOf(await call('search_tools', { query: 'delete issue', limit: 50 }))).not.toContain('desk_delete_issue')
  const before = received.length
  const refused = await call('call_tool', { name: 'desk_delete_issue', arguments: {} })
  expect(refused.message?.error).toMatchObject({ data: { reason: 'capability_not_allowed' } })
  expect((await callTool(gateway.server('hub'), token, 'desk_delete_issue')).message?.error).toBeDefined()
  expect(received).toHaveLength(before)
})

it('calls what was found, with the headers that the client could not know of', async () => {
  const { message } = await call('call_tool', { name: 'desk_route_issue', arguments: { team: 'red' } })
  expect(message?.result).toMatchObject({ content: [{ text: 'done' }] })
  expect(received.at(-1)).toMatchObject({
    headers: { 'mcp-name': 'route_issue', 'mcp-param-team': 'red' },
    params: { name: 'route_issue', arguments: { team: 'red' } },
  })
  const event = await gateway.waitForEvent(({ capability, via }) => capability === 'route_issue' && via === 'hub')
  expect(event).toMatchObject({ virtualServer: 'desk-server', outcome: 'success' })
})

it.each([
  {},
  { name: 1 },
  { name: 'call_tool', arguments: { name: 'desk_weather' } },
  { name: 'desk_weather', arguments: 'x' },
])('says what is wrong with call_tool %j', async (input) => {
  const before = received.length
  const { message } = await call('call_tool', input)
  expect(message?.error ?? message?.result).toMatchObject(message?.error ? { code: -32602 } : { isError: true })
  expect(received).toHaveLength(before)
})

it.each(['legacy', 'modern'] as const)('serves SDK v2, %s', async (era) => {
  const client = await connectSdkV2(gateway.server('hub'), { era, headers: { authorization: `Bearer ${token}` } })
  const { text } = await client.callTool('search_tools', { query: 'weather' })
  expect(JSON.parse(text)).toMatchObject({ tools: [{ name: 'desk_weather' }] })
  expect(await client.callTool('call_tool', { name: 'desk_weather' })).toEqual({ text: 'done', isError: false })
  await client.close()
})
