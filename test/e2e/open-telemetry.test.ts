import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type OtlpCollector, type ReceivedSpan, startCollector } from '../harness/otlp-collector.ts'
import { postLegacy, postModern, postRaw } from '../harness/post-message.ts'
import { type ScriptedRequest, type ScriptedSite, serveScript } from '../harness/scripted-upstream.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { stdioServer } from '../harness/stdio-programs.ts'
import { waitUntil } from '../harness/wait-until.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${spanId}-01`
const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw-test', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

type Meta = { readonly traceparent?: string }

let upstream: ScriptedSite
let collector: OtlpCollector
let gateway: TestGateway

beforeAll(async () => {
  upstream = await serveScript()
  upstream.answers.set('/mcp', ({ body }) => {
    const { id, method, params } = JSON.parse(body) as { id: number; method: string; params?: { name?: string } }
    if (params?.name === 'unknown') return { body: { jsonrpc: '2.0', id, error: { code: -32602, message: 'no' } } }
    if (params?.name === 'breaks') return { body: { jsonrpc: '2.0', id, error: { code: -32603, message: 'no' } } }
    const tools = [{ name: 'add', inputSchema: { type: 'object' } }]
    const called = { content: [{ type: 'text', text: 'x' }], isError: params?.name === 'fails' }
    return {
      body: {
        jsonrpc: '2.0',
        id,
        result: { ...(method === 'tools/list' ? { tools } : called), resultType: 'complete' },
      },
    }
  })
})
afterAll(() => upstream.close())
beforeEach(async () => {
  collector = await startCollector()
})
afterEach(async () => {
  await gateway.close()
  await collector.close()
  expect(collector.problems).toEqual([])
  upstream.requests.splice(0)
})

const start = async (otlp: object = {}, telemetry: object = {}, path = '/mcp') => {
  const exported = { url: collector.origin, headers: { 'x-api-key': 'key-of-the-collector' }, ...otlp }
  gateway = await startTestGateway({
    settings: { telemetry: { logLevel: 'error', otlp: exported, ...telemetry } },
    policies: {
      only: ['mcp-capability-filter-inbound', { deny: { tools: ['hidden'] } }],
      few: ['rate-limit-inbound', { rateLimitBy: 'all', requestsAllowed: 1000, timeWindowMinutes: 60 }],
    },
    servers: {
      crm: { upstream: upstream.origin + path, inbound: ['few', 'only'] },
      local: { upstream: stdioServer('sdk-v2'), inbound: [] },
      hub: { upstream: { members: { sales: { route: 'crm' } } }, inbound: [] },
    },
  })
}
const call = (name: string, meta: object = {}, headers: Record<string, string> = {}) =>
  postModern(gateway.server('crm'), '', 'tools/call', { name, arguments: {}, _meta: { ...envelope, ...meta } }, headers)
const spansOf = (count: number) =>
  waitUntil(`${count} spans`, () => (collector.spans().length >= count ? collector.spans() : undefined))
const kind = (spans: readonly ReceivedSpan[], wanted: number) => spans.filter((span) => span.kind === wanted)
const metaOf = (request: ScriptedRequest | undefined) =>
  (JSON.parse(request?.body ?? '{}') as { params?: { _meta?: Record<string, string> } }).params?._meta ?? {}

describe('spans', () => {
  test('of a call: server, policies and client, in the trace of the message, linked to that of HTTP', async () => {
    await start()
    const httpSpan = '00f067aa0ba902b7'
    await call('add', { traceparent }, { traceparent: `00-${traceId}-${httpSpan}-01` })
    const spans = await spansOf(4)
    const [server, client] = [kind(spans, 2)[0], kind(spans, 3)[0]]
    expect(server).toMatchObject({
      traceId,
      parentSpanId: spanId,
      name: 'tools/call add',
      links: [{ traceId, spanId: httpSpan }],
      attributes: {
        'mcp.method.name': 'tools/call',
        'gen_ai.tool.name': 'add',
        'gen_ai.operation.name': 'execute_tool',
        'jsonrpc.request.id': '1',
        'mcp.protocol.version': '2026-07-28',
        'network.transport': 'tcp',
        'network.protocol.name': 'http',
        'network.protocol.version': '1.1',
        'sallyport.virtual_server': 'crm',
        'sallyport.outcome': 'success',
      },
    })
    expect(server?.status).toBeUndefined()
    for (const name of ['mcp.session.id', 'error.type', 'user.id', 'client.address', 'gen_ai.tool.call.arguments']) {
      expect(server?.attributes).not.toHaveProperty([name])
    }
    expect(client).toMatchObject({
      traceId,
      parentSpanId: server?.spanId,
      name: 'tools/call add',
      attributes: {
        'server.address': '127.0.0.1',
        'server.port': Number(new URL(upstream.origin).port),
        'gen_ai.tool.name': 'add',
      },
    })
    expect(kind(spans, 1).map(({ name, parentSpanId }) => [name, parentSpanId === server?.spanId])).toEqual([
      ['policy few', true],
      ['policy only', true],
    ])
    const inside = (span: ReceivedSpan | undefined) =>
      BigInt(span?.startTimeUnixNano ?? 0) >= BigInt(server?.startTimeUnixNano ?? 0) &&
      BigInt(span?.endTimeUnixNano ?? 0) <= BigInt(server?.endTimeUnixNano ?? 0)
    expect(spans.every((span) => inside(span))).toBe(true)
    expect(collector.headers[0]?.['x-api-key']).toBe('key-of-the-collector')
    const event = await gateway.waitForEvent(({ capability }) => capability === 'add')
    expect(event.traceId).toBe(traceId)
    // The upstream is told of the client span, in the header and in the message.
    const [request] = upstream.requests
    const told = `00-${traceId}-${client?.spanId}-01`
    expect([request?.headers.traceparent, metaOf(request).traceparent]).toEqual([told, told])
  })

  test('of errors as the conventions say', async () => {
    await start()
    for (const name of ['unknown', 'breaks', 'fails', 'hidden']) await call(name)
    const spans = await waitUntil('server spans', () => kind(collector.spans(), 2).length === 4 && collector.spans())
    const of = (name: string, wanted: number) => kind(spans, wanted).find((span) => span.name === `tools/call ${name}`)
    expect(of('unknown', 2)?.status).toBeUndefined()
    expect(of('unknown', 2)?.attributes).toMatchObject({ 'rpc.response.status_code': '-32602' })
    expect(of('unknown', 3)).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': '-32602' } })
    expect(of('breaks', 2)).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': '-32603' } })
    expect(of('fails', 2)).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'tool_error' } })
    expect(of('hidden', 3)).toBeUndefined()
    for (const span of spans) expect(span.status !== undefined).toBe('error.type' in span.attributes)
  })

  test('of an older revision go upstream as well, and name people only when asked to', async () => {
    await start({ people: true })
    await postLegacy(gateway.server('crm'), '', 'tools/call', { name: 'add', arguments: {}, _meta: { traceparent } })
    const spans = await spansOf(4)
    expect(kind(spans, 2)[0]?.attributes).toMatchObject({
      'mcp.protocol.version': '2025-11-25',
      'client.address': '127.0.0.1',
    })
    const [request] = upstream.requests
    const told = `00-${traceId}-${kind(spans, 3)[0]?.spanId}-01`
    expect([request?.headers.traceparent, metaOf(request).traceparent]).toEqual([told, told])
  })

  test('of an upstream that knows only older revisions are told to it in its session', async () => {
    const traced: string[][] = []
    upstream.answers.set('/older', ({ body, headers }) => {
      if (body === '') return { status: 405 }
      const { id, method, params } = JSON.parse(body) as { id?: number; method: string; params?: { _meta?: Meta } }
      if (headers['mcp-protocol-version'] === '2026-07-28') {
        const error = { code: -32000, message: 'Bad Request: Unsupported protocol version (supported: 2025-11-25)' }
        return { status: 400, body: { jsonrpc: '2.0', id: null, error } }
      }
      if (method === 'tools/call') traced.push([String(headers.traceparent), String(params?._meta?.traceparent)])
      if (id === undefined) return { status: 202 }
      const capabilities = { tools: {} }
      const begun = { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'older', version: '1' } }
      const result = method === 'initialize' ? begun : { content: [], tools: [] }
      return { headers: { 'mcp-session-id': 's1' }, body: { jsonrpc: '2.0', id, result } }
    })
    await start({}, {}, '/older')
    const answer = await call('add', { traceparent })
    expect(answer.message?.result, answer.text).toBeDefined()
    const spans = await waitUntil('the client span', () => kind(collector.spans(), 3).length > 0 && collector.spans())
    const client = kind(spans, 3)[0]
    expect(client?.attributes['mcp.protocol.version']).toBe('2025-11-25')
    expect(traced).toEqual([[`00-${traceId}-${client?.spanId}-01`, `00-${traceId}-${client?.spanId}-01`]])
  })

  test('of a member of an aggregate are below that of the aggregate', async () => {
    await start()
    const params = { name: 'sales_add', arguments: {}, _meta: { ...envelope, traceparent, baggage: 'user=ada' } }
    const answer = await postModern(gateway.server('hub'), '', 'tools/call', params)
    expect(answer.message?.result, answer.text).toBeDefined()
    const spans = await waitUntil('the client span', () => kind(collector.spans(), 3).length > 0 && collector.spans())
    const of = (name: string) =>
      kind(spans, 2).find(({ attributes }) => attributes['sallyport.virtual_server'] === name)
    expect(of('hub')?.parentSpanId).toBe(spanId)
    expect(of('crm')?.parentSpanId).toBe(of('hub')?.spanId)
    const client = kind(spans, 3).find(({ parentSpanId }) => parentSpanId === of('crm')?.spanId)
    const ofHub = kind(spans, 3).find(({ parentSpanId }) => parentSpanId === of('hub')?.spanId)
    for (const name of ['server.address', 'network.transport']) expect(ofHub?.attributes).not.toHaveProperty([name])
    const called = upstream.requests.findLast(({ body }) => body.includes('tools/call'))
    expect(metaOf(called)).toMatchObject({ traceparent: `00-${traceId}-${client?.spanId}-01` })
    expect(metaOf(called)).not.toHaveProperty('baggage')
  })

  test('of a program say that it is asked through a pipe, and no address', async () => {
    await start()
    const params = { name: 'add', arguments: { a: 2, b: 3 }, _meta: envelope }
    const answer = await postModern(gateway.server('local'), '', 'tools/call', params)
    expect(answer.message?.result, answer.text).toBeDefined()
    const spans = await waitUntil('the client span', () => kind(collector.spans(), 3).length > 0 && collector.spans())
    const [server, client] = [kind(spans, 2)[0], kind(spans, 3)[0]]
    expect(server?.attributes).toMatchObject({ 'network.transport': 'tcp', 'network.protocol.name': 'http' })
    expect(client?.attributes).toMatchObject({ 'network.transport': 'pipe', 'gen_ai.tool.name': 'add' })
    for (const name of ['server.address', 'server.port', 'network.protocol.name']) {
      expect(client?.attributes).not.toHaveProperty([name])
    }
  })

  test('without a client that traces begin a trace of their own', async () => {
    await start()
    await call('add')
    const spans = await spansOf(4)
    const event = await gateway.waitForEvent(({ capability }) => capability === 'add')
    expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([event.traceId]))
    expect(kind(spans, 2)[0]?.parentSpanId).toBeUndefined()
  })
})

describe('sampling', () => {
  test('keeps every failure, and of the rest what was chosen', async () => {
    await start({ ratio: 0 })
    await call('add')
    await call('breaks')
    const spans = await spansOf(1)
    expect(kind(spans, 2).map(({ name }) => name)).toEqual(['tools/call breaks'])
    expect(upstream.requests[0]?.headers.traceparent).toBeUndefined()
    expect(metaOf(upstream.requests[0])).toEqual(envelope)
  })

  test('follows what the client says, unless told not to', async () => {
    await start({ ratio: 0 })
    await call('add', { traceparent })
    await call('add', { traceparent: `00-${traceId}-${spanId}-00` })
    await call('breaks')
    const spans = await waitUntil('two messages', () => kind(collector.spans(), 2).length === 2 && collector.spans())
    expect(kind(spans, 2)[0]?.traceId).toBe(traceId)
    await gateway.close()
    await start({ ratio: 0, followClient: false })
    await call('add', { traceparent })
    await call('fails')
    await waitUntil('the failure', () => kind(collector.spans(), 2).length === 3)
  })
})

describe('what upstreams are told', () => {
  const baggage = 'user=ada,plan=secret'
  const told = async (propagation: string, isTraced = false) => {
    upstream.requests.splice(0)
    await start({ traces: isTraced }, { propagation })
    await call('add', { traceparent, tracestate: 'a=b', baggage }, { traceparent, tracestate: 'a=b', baggage })
    const [request] = upstream.requests
    const names = ['traceparent', 'tracestate', 'baggage']
    return [names.filter((name) => request?.headers[name]), names.filter((name) => metaOf(request)[name])]
  }

  test('is the trace and not the baggage of the client', async () => {
    const trace = ['traceparent', 'tracestate']
    expect(await told('trace')).toEqual([trace, trace])
  })
  test('is nothing where the operator says so, also when traces are exported', async () => {
    expect(await told('none', true)).toEqual([[], []])
  })
  test('is everything where the operator says so', async () => {
    const all = ['traceparent', 'tracestate', 'baggage']
    expect(await told('all')).toEqual([all, all])
  })
})

test('metrics and logs', async () => {
  await start({ logs: true, intervalSeconds: 1 })
  await call('add')
  await call('breaks')
  await postRaw(gateway.server('crm'), '{')
  const duration = await waitUntil('the histogram', () => {
    const found = collector.metric('mcp.server.operation.duration')
    return found && 'histogram' in found && found.histogram.dataPoints.length === 2 ? found : undefined
  })
  expect(duration).toMatchObject({ unit: 's' })
  expect(JSON.stringify(duration)).toContain('"error.type"')
  expect(collector.metric('mcp.client.operation.duration')).toBeDefined()
  expect(collector.metric('sallyport_sink_written')).toBeDefined()
  const records = await waitUntil('logs', () => collector.logRecords().length >= 3 && collector.logRecords())
  expect(records.map(({ eventName, severityText }) => [eventName, severityText])).toEqual([
    ['capability_completed', 'INFO'],
    ['capability_failed', 'WARN'],
    ['mcp_request_rejected', 'WARN'],
  ])
  const spans = await waitUntil('spans', () => collector.spans().length > 0 && collector.spans())
  expect(records[0]?.traceId).toBe(spans[0]?.traceId)
  expect(records[2]?.attributes['sallyport.reason']).toBe('message_not_json')
})

test('a collector that is away slows nothing, and is told later what waits', async () => {
  await start()
  collector.answerWith(503)
  await call('add')
  await waitUntil('a refused attempt', () => collector.headers.length > 0)
  expect((await call('add')).status).toBe(200)
  collector.answerWith(200)
  await waitUntil('both calls', () => kind(collector.spans(), 2).length === 2)
})
