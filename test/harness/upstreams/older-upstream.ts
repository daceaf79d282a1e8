import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import {
  CallToolRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  ErrorCode,
  ListResourcesRequestSchema,
  ListRootsResultSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type ServerNotification,
  type ServerRequest,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { MemoryEventStore } from '../../conformance/fixture/memory-event-store.ts'

/** A real server of the older revisions (SDK v1), with sessions, and what it saw. */
export interface OlderUpstream {
  readonly url: string
  /** Live sessions. */
  readonly sessions: ReadonlyMap<string, StreamableHTTPServerTransport>
  /** Every tool that ran, as `<session>:<tool>`, in order. */
  readonly calls: string[]
  /** Tools whose call was cancelled. */
  readonly cancelled: string[]
  /** Subscribed URIs. */
  readonly subscribed: string[]
  /** Sessions that ended by DELETE. */
  readonly ended: string[]
  /** JSON-RPC ids of calls, as they arrived. */
  readonly ids: unknown[]
  /** How many sessions were begun. */
  begun: number
  /** How many GET streams are open. */
  listening: number
  /** How often somebody came back for the rest of a stream. */
  resumed: number
  /** A link was opened: `open_link` goes through. */
  opened: boolean
  /** Forgets all sessions, as after a restart. */
  forget(): void
  /** Breaks all connections. */
  cut(): void
  notifyTools(): Promise<void>
  notifyResource(uri: string): Promise<void>
  close(): Promise<void>
}

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>

/** How it answers. */
export interface OlderUpstreamOptions {
  /** Answers are no streams, so nothing can be asked. */
  readonly json?: boolean
  /** Streams have event ids, and what was missed is sent again. */
  readonly resumable?: boolean
}

/** Starts it on a free loopback port. */
export async function startOlderUpstream(options: OlderUpstreamOptions = {}): Promise<OlderUpstream> {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const servers = new Map<string, Server>()
  const running = {
    calls: [],
    cancelled: [],
    subscribed: [],
    ended: [],
    ids: [],
    begun: 0,
    listening: 0,
    resumed: 0,
    opened: false,
  }
  const state: Mutable = { ...running, calls: [], cancelled: [], subscribed: [], ended: [], ids: [] }
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const id = request.headers['mcp-session-id']
    const known = typeof id === 'string' ? sessions.get(id) : undefined
    if (request.method === 'GET' && known) {
      state.listening++
      if (request.headers['last-event-id'] !== undefined) state.resumed++
      response.once('close', () => state.listening--)
    }
    if (known) return known.handleRequest(request, response)
    if (id !== undefined) return void response.writeHead(404).end()
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: options.json === true,
      ...(options.resumable && { eventStore: new MemoryEventStore(), retryInterval: 50 }),
      onsessioninitialized: (session) => {
        state.begun++
        sessions.set(session, transport)
        servers.set(session, server)
      },
      onsessionclosed: (session) => {
        state.ended.push(session)
        sessions.delete(session)
      },
    })
    const server = createOlderServer(state)
    await server.connect(transport)
    await transport.handleRequest(request, response)
  }
  const http = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const all = () => [...sessions.keys()].flatMap((session) => servers.get(session) ?? [])
  return Object.assign(state, {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    sessions,
    forget: () => sessions.clear(),
    cut: () => http.closeAllConnections(),
    notifyTools: async () => {
      for (const server of all()) await server.sendToolListChanged()
    },
    notifyResource: async (uri: string) => {
      for (const server of all()) await server.sendResourceUpdated({ uri })
    },
    close: async () => {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  })
}

interface Mutable {
  calls: string[]
  cancelled: string[]
  subscribed: string[]
  ended: string[]
  ids: unknown[]
  begun: number
  listening: number
  resumed: number
  opened: boolean
}

const schema = { type: 'object' as const }
const tools = [
  { name: 'echo', inputSchema: schema, 'x-vendor': { kept: true }, annotations: { readOnlyHint: true, vendor: 1 } },
  { name: 'greet', inputSchema: schema, execution: { taskSupport: 'optional' as const } },
  { name: 'ask_two', inputSchema: schema },
  { name: 'sample', inputSchema: schema },
  { name: 'roots', inputSchema: schema },
  { name: 'report', inputSchema: schema },
  { name: 'log', inputSchema: schema },
  { name: 'hold', inputSchema: schema },
  { name: 'drop', inputSchema: schema },
  { name: 'hold_name', inputSchema: schema },
  { name: 'greet_aside', inputSchema: schema },
  { name: 'open_link', inputSchema: schema },
  { name: 'task_only', inputSchema: schema, execution: { taskSupport: 'required' as const } },
]

const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] })
const nameSchema = { type: 'object' as const, properties: { name: { type: 'string' as const } }, required: ['name'] }

function createOlderServer(state: Mutable): Server {
  const server = new Server(
    { name: 'older-upstream', version: '1.0.0', title: 'Older' },
    {
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, logging: {} },
      instructions: 'Ask me.',
    },
  )
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools, 'x-list': 1 }))
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: [{ uri: 'test://one', name: 'one' }] }))
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => {
    if (params.uri !== 'test://one')
      throw new McpError(-32002, `Resource not found: ${params.uri}`, { uri: params.uri })
    return { contents: [{ uri: params.uri, text: 'one' }] }
  })
  server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
    state.subscribed.push(params.uri)
    return {}
  })
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    state.subscribed.splice(state.subscribed.indexOf(params.uri), 1)
    return {}
  })
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    state.calls.push(`${extra.sessionId}:${params.name}`)
    state.ids.push(extra.requestId)
    if (params.name === 'greet_aside') {
      // As most servers ask: on the stream of the session, without saying for which call.
      const answer = await server.elicitInput({ message: 'What is your name?', requestedSchema: nameSchema })
      return text(`Hello, ${String(answer.content?.['name'] ?? answer.action)}!`)
    }
    const run = runs[params.name]
    if (run === undefined) throw new McpError(ErrorCode.InvalidParams, `Unknown tool: ${params.name}`)
    return run(params.arguments ?? {}, extra, state)
  })
  return server
}

type Run = (input: Record<string, unknown>, extra: Extra, state: Mutable) => Promise<object>

const elicitName = async (extra: Extra, message: string) => {
  const params = { mode: 'form' as const, message, requestedSchema: nameSchema }
  const answer = await extra.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema)
  return answer.action === 'accept' ? String(answer.content?.['name']) : answer.action
}

const runs: { readonly [tool: string]: Run } = {
  echo: async (input, extra) => ({
    ...text(JSON.stringify({ input, meta: extra._meta ?? {} })),
    structuredContent: { input },
    'x-result': { kept: true },
  }),
  greet: async (_, extra) => text(`Hello, ${await elicitName(extra, 'What is your name?')}!`),
  ask_two: async (_, extra) => {
    const names = await Promise.all([elicitName(extra, 'First?'), elicitName(extra, 'Second?')])
    return text(names.join(' and '))
  },
  sample: async (_, extra) => {
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'Capital of France?' } }]
    const request = { method: 'sampling/createMessage' as const, params: { messages, maxTokens: 10 } }
    return text(JSON.stringify((await extra.sendRequest(request, CreateMessageResultSchema)).content))
  },
  roots: async (_, extra) => {
    const { roots } = await extra.sendRequest({ method: 'roots/list' }, ListRootsResultSchema)
    return text(roots.map(({ uri }) => uri).join())
  },
  report: async (_, extra) => {
    const progressToken = extra._meta?.progressToken
    for (const progress of [1, 2, 3]) {
      if (progressToken === undefined) break
      await extra.sendNotification({
        method: 'notifications/progress',
        params: { progressToken, progress, total: 3, message: `part ${progress}` },
      })
    }
    return text('reported')
  },
  log: async (_, extra) => {
    for (const level of ['debug', 'error'] as const) {
      await extra.sendNotification({ method: 'notifications/message', params: { level, data: `${level} said` } })
    }
    return text('logged')
  },
  hold: (_, extra, state) =>
    new Promise((resolve) => {
      extra.signal.addEventListener('abort', () => {
        state.cancelled.push('hold')
        resolve(text('cancelled'))
      })
    }),
  hold_name: async (_, extra, state) => {
    const answer = await elicitName(extra, 'What is your name?')
    if (answer === 'cancel') state.cancelled.push('hold_name')
    return text(answer)
  },
  // Closes its stream; the answer waits for a client that comes back.
  drop: async (_, extra) => {
    extra.closeSSEStream?.()
    await delay(20)
    return text(`Hello, ${await elicitName(extra, 'What is your name?')}!`)
  },
  open_link: async (_, __, state) => {
    if (state.opened) return text('through')
    const elicitations = [{ mode: 'url', elicitationId: 'e1', url: 'https://up.example/open', message: 'Open this' }]
    throw new McpError(-32042, 'Open a link first', { elicitations })
  },
  task_only: async () => text('never'),
}
