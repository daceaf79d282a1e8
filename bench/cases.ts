import { isDeepStrictEqual } from 'node:util'

/** The revision every call is made in: one POST, one answer. */
const PROTOCOL_VERSION = '2026-07-28'

/** Name of the virtual server; nginx and the upstream answer under the same path. */
export const ROUTE_PATH = '/mcp/bench'

/** What the upstream insists on; the gateway and nginx add it, the load generator does when it calls the upstream directly. */
export const UPSTREAM_KEY = 'bench-upstream-key-4711'

/** The ten tools that the virtual server shows out of the two hundred of the upstream. */
export const CURATED_TOOLS = Array.from({ length: 10 }, (_, index) => toolName(index * 20))

/** One prepared answer of the upstream, chosen by a piece of the request's body. `@ID@` becomes the id of the request. */
export interface PreparedAnswer {
  readonly needle: string
  readonly contentType: string
  readonly text: string
}

/** A kind of call under a number of connections that always wait for their answer before they ask again. */
export interface Case {
  readonly name: string
  readonly concurrency: number
  readonly call: Call
}

/** One JSON-RPC request and what must come back. */
export interface Call {
  readonly method: string
  readonly params: { readonly [name: string]: unknown }
  readonly streamed: boolean
  /** The `result` as the upstream gives it, and as the virtual server may show it. */
  readonly result: JsonRecord
  readonly curatedResult: JsonRecord
}

type JsonRecord = { readonly [name: string]: unknown }

function toolName(index: number): string {
  return index === 0 ? 'get_ticket' : `tool_${String(index).padStart(3, '0')}`
}

/** About 1 KB each, so that 200 of them make a list of 200 KB. */
function describeTool(index: number): JsonRecord {
  const sentence = `Tool ${index} reads one record of the demonstration data set and answers with its fields. `
  return {
    name: toolName(index),
    title: `Tool ${index}`,
    description: sentence.repeat(7),
    inputSchema: {
      type: 'object',
      properties: {
        key: { type: 'string', description: 'Key of the record, as the list of records gives it.' },
        fields: {
          type: 'array',
          items: { type: 'string' },
          description: 'Names of the fields to answer with; all if absent.',
        },
      },
      required: ['key'],
    },
    annotations: { readOnlyHint: true, destructiveHint: false },
  }
}

const tools = Array.from({ length: 200 }, (_, index) => describeTool(index))
const callResult = (text: string) => ({ resultType: 'complete', content: [{ type: 'text', text }], isError: false })
const listResult = (shown: readonly JsonRecord[]) => ({
  resultType: 'complete',
  tools: shown,
  ttlMs: 3_600_000,
  cacheScope: 'public',
})
const ticket = JSON.stringify({
  key: 'BENCH-1',
  title: 'The door of the north tower sticks in wet weather',
  state: 'open',
  labels: ['castle', 'doors'],
  assignee: 'carpenter@example.com',
})

function createToolCall(name: string, streamed: boolean, text: string): Call {
  const result = callResult(text)
  return {
    method: 'tools/call',
    params: { name, arguments: { key: 'BENCH-1' } },
    streamed,
    result,
    curatedResult: result,
  }
}

const smallCall = createToolCall('get_ticket', false, ticket)
const streamedCall = createToolCall('tool_020', true, ticket)
const listCall: Call = {
  method: 'tools/list',
  params: {},
  streamed: false,
  result: listResult(tools),
  curatedResult: listResult(tools.filter((tool) => CURATED_TOOLS.includes(String(tool['name'])))),
}

/** Everything that is measured, in the order of the report. */
export const cases: readonly Case[] = [
  { name: 'call-1', concurrency: 1, call: smallCall },
  { name: 'call-32', concurrency: 32, call: smallCall },
  { name: 'call-256', concurrency: 256, call: smallCall },
  { name: 'stream-32', concurrency: 32, call: streamedCall },
  { name: 'list-32', concurrency: 32, call: listCall },
]

/** The call that start-up and warm-up use. */
export const firstCall = smallCall

const message = (result: JsonRecord) => JSON.stringify({ jsonrpc: '2.0', id: '@ID@', result }).replace('"@ID@"', '@ID@')
const discovery = {
  resultType: 'complete',
  supportedVersions: [PROTOCOL_VERSION],
  capabilities: { tools: {} },
  ttlMs: 3_600_000,
  cacheScope: 'public',
  _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'bench-upstream', version: '1' } },
}

/** What the upstream knows. The order matters: the first that matches wins. */
export const preparedAnswers: readonly PreparedAnswer[] = [
  { needle: '"name":"get_ticket"', contentType: 'application/json', text: message(smallCall.result) },
  {
    needle: '"name":"tool_020"',
    contentType: 'text/event-stream',
    text: `event: message\ndata: ${message(streamedCall.result)}\n\n`,
  },
  { needle: '"method":"tools/list"', contentType: 'application/json', text: message(listCall.result) },
  { needle: '"method":"server/discover"', contentType: 'application/json', text: message(discovery) },
]

/** The headers and the body of a call, as a client of revision 2026-07-28 sends them. */
export function composeRequest(
  call: Call,
  headers: { readonly [name: string]: string },
): { headers: Record<string, string>; body: string } {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': PROTOCOL_VERSION,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  }
  const name = call.params['name']
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: call.method, params: { ...call.params, _meta: meta } })
  return {
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': PROTOCOL_VERSION,
      'Mcp-Method': call.method,
      ...(typeof name === 'string' ? { 'Mcp-Name': name } : {}),
      'Content-Length': String(Buffer.byteLength(body)),
      ...headers,
    },
    body,
  }
}

const cachingHints = new Set(['ttlMs', 'cacheScope', '_meta'])
const withoutHints = (result: unknown) =>
  Object.fromEntries(Object.entries(result ?? {}).filter(([name]) => !cachingHints.has(name)))

/** Why an answer is wrong, or undefined when it is right. The caching hints of a list are the gateway's own business. */
export function findFault(call: Call, curated: boolean, status: number, body: string): string | undefined {
  if (status !== 200) return `status ${status}: ${body.slice(0, 300)}`
  const data = call.streamed ? /^data: ?(.*)$/m.exec(body)?.[1] : body
  if (data === undefined) return `no event in ${body.slice(0, 300)}`
  const answer = JSON.parse(data) as { id?: unknown; result?: unknown }
  if (answer.id !== 1) return `id is ${JSON.stringify(answer.id)}`
  const expected = curated ? call.curatedResult : call.result
  if (isDeepStrictEqual(withoutHints(answer.result), withoutHints(expected))) return undefined
  return `result differs: ${JSON.stringify(answer.result ?? answer).slice(0, 300)}`
}
