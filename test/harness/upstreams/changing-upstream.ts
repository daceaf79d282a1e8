import type { IncomingHttpHeaders } from 'node:http'
import { type RunningUpstream, sendJson, startUpstream, type UpstreamMessage } from './listen.ts'
import { handshakeResult, textResult } from './mcp-results.ts'

/** The lists of an upstream; those that are absent it does not have. */
export interface Definitions {
  readonly tools?: readonly object[]
  readonly prompts?: readonly object[]
  readonly resources?: readonly object[]
  readonly resourceTemplates?: readonly object[]
  /** What the server says to the model in its handshake. */
  readonly instructions?: string
}

/** An upstream whose definitions a test changes while it runs. */
export interface ChangingUpstream extends RunningUpstream {
  /** What it lists, to whom. Default: the same to everybody. */
  define(definitions: Definitions | ((headers: IncomingHttpHeaders) => Definitions)): void
  /** Bytes of a `tools/list` result in the place of what is defined; the test spells them. */
  rawTools: string | undefined
  /** Header without which nobody is served. */
  wantedHeader: string | undefined
  /** Entries per page; absent: all. */
  pageSize: number | undefined
  /** Answers with event streams instead of JSON. */
  streams: boolean
  /** Speaks only revisions before 2026-07-28. */
  isLegacy: boolean
  /** Uses so far, oldest first. */
  readonly used: string[]
}

const memberOfMethod: { readonly [method: string]: Exclude<keyof Definitions, 'instructions'> } = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
}

/** Starts it. Every use is answered with a text. */
export async function startChangingUpstream(initial: Definitions): Promise<ChangingUpstream> {
  let definitionsFor: (headers: IncomingHttpHeaders) => Definitions = () => initial
  const used: string[] = []
  const running = await startUpstream((message, request, response) => {
    const { wantedHeader } = upstream
    if (wantedHeader !== undefined && !request.headers[wantedHeader]) return response.writeHead(401).end()
    if (message.id === undefined) return response.writeHead(202).end()
    const isModern = request.headers['mcp-protocol-version'] === '2026-07-28'
    if (upstream.isLegacy && isModern) {
      const error = { code: -32600, message: 'Unsupported protocol version' }
      return sendJson(response, { jsonrpc: '2.0', id: message.id, error }, 400)
    }
    const answer = {
      jsonrpc: '2.0',
      id: message.id,
      ...answerTo(message, definitionsFor(request.headers), upstream.pageSize),
    }
    if (/(call|get|read)$/.test(message.method)) used.push(String(message.params?.['name'] ?? message.params?.['uri']))
    if (upstream.rawTools !== undefined && message.method === 'tools/list') {
      const id = JSON.stringify(message.id)
      response.writeHead(200, { 'content-type': 'application/json' })
      return response.end(`{"jsonrpc":"2.0","id":${id},"result":${upstream.rawTools}}`)
    }
    if (!upstream.streams) return sendJson(response, answer)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    return response.end(`event: message\ndata: ${JSON.stringify(answer)}\n\n`)
  })
  const upstream: ChangingUpstream = {
    ...running,
    define: (definitions) => {
      definitionsFor = typeof definitions === 'function' ? definitions : () => definitions
    },
    rawTools: undefined,
    wantedHeader: undefined,
    pageSize: undefined,
    streams: false,
    isLegacy: false,
    used,
  }
  return upstream
}

function answerTo(message: UpstreamMessage, definitions: Definitions, pageSize = Infinity): object {
  const member = memberOfMethod[message.method]
  if (member === undefined) {
    const handshake = handshakeResult(message)
    const { instructions } = definitions
    const spoken = instructions === undefined ? handshake : { ...handshake, instructions }
    return { result: handshake ? spoken : textResult('done') }
  }
  const entries = definitions[member]
  if (entries === undefined) return { error: { code: -32601, message: 'Method not found' } }
  const start = Number(message.params?.['cursor'] ?? 0)
  const end = start + pageSize
  const next = end < entries.length ? { nextCursor: String(end) } : {}
  const list = { [member]: entries.slice(start, end), ...next }
  return { result: { resultType: 'complete', ...list, ttlMs: 0, cacheScope: 'public' } }
}
