import type { ServerResponse } from 'node:http'
import { type RunningUpstream, sendJson, startUpstream, type UpstreamMessage } from './listen.ts'
import { handshakeResult, plainTool, textResult, toolList } from './mcp-results.ts'

/** The ways in which a call can go wrong at an upstream. Handshake and list work; each tool is named after its fault. */
const faults: { readonly [name: string]: (message: UpstreamMessage, response: ServerResponse) => void } = {
  html: (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Welcome</title>')
  },
  hang: () => undefined,
  'die-before-answer': (_, response) => {
    response.destroy()
  },
  'die-mid-json': ({ id }, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100_000 })
    response.write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"conte`, () => response.destroy())
  },
  'die-mid-sse': (_, response) => {
    const note = { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${JSON.stringify(note)}\n\ndata: {"jsonrpc":"2.0","id"`, () => response.destroy())
  },
  'end-without-answer': (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': nothing more\n\n')
  },
  'bad-json': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc": nope')
  },
  'other-id': (_, response) => sendJson(response, { jsonrpc: '2.0', id: 'somebody-else', result: textResult('x') }),
  unauthorized: (_, response) => {
    sendJson(response, { error: 'bad key' }, 401, { 'www-authenticate': 'Bearer realm="upstream"' })
  },
  forbidden: (_, response) => sendJson(response, { error: 'no' }, 403),
  busy: (_, response) => sendJson(response, { error: 'slow down' }, 429, { 'retry-after': '7' }),
  crash: (_, response) => {
    response.writeHead(500, { 'content-type': 'text/plain' }).end('at internal/module.js:12 password=hunter2')
  },
  redirect: (_, response) => {
    response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data' }).end()
  },
  huge: ({ id }, response) => {
    const text = 'x'.repeat(1024 * 1024)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[{"type":"text","text":"`)
    for (let part = 0; part < 40; part += 1) response.write(text)
    response.end('"}]}}')
  },
  'huge-event': ({ id }, response) => {
    const result = textResult('x'.repeat(2 * 1024 * 1024))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`)
  },
  drip: ({ id }, response) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id, result: textResult('slow but sound') })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    dripBody(response, body, 0)
  },
  'tool-error': ({ id }, response) => {
    sendJson(response, { jsonrpc: '2.0', id, result: { ...textResult('that did not work'), isError: true } })
  },
  'unknown-tool': ({ id }, response) => {
    sendJson(response, { jsonrpc: '2.0', id, error: { code: -32602, message: 'Unknown tool' } })
  },
}

function dripBody(response: ServerResponse, body: string, offset: number): void {
  if (response.destroyed) return
  if (offset >= body.length) response.end()
  else response.write(body.slice(offset, offset + 4), () => setTimeout(() => dripBody(response, body, offset + 4), 5))
}

/** Starts an upstream that has one tool per fault, and `fine`, which works. With `?fault=name` any other request fails that way too. */
export function startBrokenUpstream(): Promise<RunningUpstream> {
  const tools = ['fine', ...Object.keys(faults)].map(plainTool)
  return startUpstream((message, request, response) => {
    if (message.id === undefined) return response.writeHead(202).end()
    const handshake = handshakeResult(message) ?? (message.method === 'tools/list' ? toolList(tools) : undefined)
    const named = new URL(request.url ?? '', 'http://upstream').searchParams.get('fault')
    const fault = faults[named ?? String(message.params?.['name'])]
    if (fault && (named !== null || !handshake)) return fault(message, response)
    return sendJson(response, { jsonrpc: '2.0', id: message.id, result: handshake ?? textResult('fine') })
  })
}
