import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postLegacy } from '../harness/post-message.ts'
import { startTestGateway, type TestGateway } from '../harness/start-gateway.ts'
import { type RunningUpstream, sendJson, startUpstream } from '../harness/upstreams/listen.ts'

const hidden = '{"tools":[{"name":"offered"},{"name":"hidden"}]}'

/** Streams of an upstream that is broken or means harm, by name; the whole stream arrives together with its headers. */
const streams: { readonly [name: string]: string } = {
  'half an error': 'data: {"error" nope\n\n',
  'half a result': 'data: {"result" "method" nope\n\n',
  'no JSON-RPC': 'data: {"jsonrpc":"1.0","error":{}}\n\n',
  'an escaped member': `data: {"jsonrpc":"2.0","id":1,"re\\u0073ult":${hidden}}\n\n`,
  'a byte order mark': `\ufeffdata: {"jsonrpc":"2.0","id":1,"result":${hidden}}\n\n`,
  'a method beside the result': `data: {"jsonrpc":"2.0","id":1,"method":"x","result":${hidden}}\n\n`,
  'a batch': `data: [{"jsonrpc":"2.0","id":1,"result":${hidden}}]\n\n`,
  'several data lines': `data: {"jsonrpc":"2.0","id":1,\rdata: "result":${hidden}}\r\r`,
  'two answers': `data: {"jsonrpc":"2.0","id":1,"result":${hidden}}\n\n`.repeat(2),
  'an answer to somebody else': `data: {"jsonrpc":"2.0","id":2,"result":${hidden}}\n\n`,
  'no last blank line': `data: {"jsonrpc":"2.0","id":1,"result":${hidden}}`,
  'input required': `data: {"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required",${hidden.slice(1)}}\n\n`,
}

let upstream: RunningUpstream
let gateway: TestGateway
beforeAll(async () => {
  upstream = await startUpstream((message, request, response) => {
    const stream = streams[new URL(request.url ?? '', 'http://upstream').searchParams.get('stream') ?? '']
    if (stream === undefined) sendJson(response, { jsonrpc: '2.0', id: message.id, result: {} })
    else sendAtOnce(response, stream)
  })
  gateway = await startTestGateway({
    servers: { hostile: { upstream: upstream.url, inbound: ['filter'] } },
    policies: { filter: ['mcp-capability-filter-inbound', { tools: ['offered'] }] },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

function sendAtOnce(response: ServerResponse, stream: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(stream)
}

const ask = (stream: string, method: string) =>
  postLegacy(`${gateway.server('hostile')}?stream=${encodeURIComponent(stream)}`, 'none', method)

describe('a malformed event ends one request, not the process', () => {
  it.each(['half an error', 'half a result', 'no JSON-RPC'])('%s', async (stream) => {
    const { message } = await ask(stream, 'ping')
    expect(message?.error?.data?.reason).toBe('upstream_protocol_error')
    const next = await postLegacy(gateway.server('hostile'), 'none', 'ping')
    expect(next.message?.result).toEqual({})
  })
})

describe('a hidden tool stays hidden', () => {
  it.each(Object.keys(streams))('in a stream with %s', async (stream) => {
    const { status, text } = await ask(stream, 'tools/list')
    expect(status).toBe(200)
    expect(text).not.toContain('hidden')
    expect(text).not.toBe('')
  })

  it('and the rest of the list arrives even when the stream ends at once', async () => {
    const { message } = await ask('no last blank line', 'tools/list')
    expect(message?.result).toEqual({ tools: [{ name: 'offered' }] })
  })
})
