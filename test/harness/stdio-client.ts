import { request } from 'undici'
import { type PostAnswer, postRaw } from './post-message.ts'

/** What a tool of the scripted server gave: its text, parsed. */
export type ToolValue = unknown

/** A client of 2025-11-25 with a session, in front of a stdio server. */
export interface StdioClient {
  readonly sessionId: string
  /** The result of `initialize`. */
  readonly initialized: { readonly [member: string]: unknown }
  post(message: object, headers?: Record<string, string>): Promise<PostAnswer>
  /** Calls a tool and returns what it gave. Throws what the answer says when it is an error. */
  call(name: string, input?: object, meta?: object): Promise<ToolValue>
  /** Ends the session. */
  end(): Promise<{ readonly status: number }>
  /** Opens the GET stream and hands over its messages until `close`. */
  listen(onMessage: (message: StreamMessage) => void): Promise<{ close(): void; readonly ended: Promise<void> }>
  /** POSTs a call and hands over the messages of its stream as they come; resolves with the last one. */
  follow(name: string, input: object, onMessage: (message: StreamMessage) => void): Promise<StreamMessage>
}

/** A message on a stream. */
export interface StreamMessage {
  readonly id?: string | number
  readonly method?: string
  readonly params?: { readonly [member: string]: unknown }
  readonly result?: { readonly [member: string]: unknown }
  readonly error?: { readonly code: number; readonly message: string }
}

/** Initializes a session with these client capabilities. */
export async function openStdioClient(url: string, token: string, capabilities: object = {}): Promise<StdioClient> {
  const standard = { authorization: `Bearer ${token}` }
  const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'test', version: '1' } }
  const opened = await postRaw(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }), standard)
  const sessionId = opened.headers['mcp-session-id']
  if (typeof sessionId !== 'string') throw new Error(`No session: ${opened.status} ${opened.text}`)
  const inSession = { ...standard, 'mcp-session-id': sessionId, 'mcp-protocol-version': '2025-11-25' }
  const post = (message: object, headers: Record<string, string> = {}) =>
    postRaw(url, JSON.stringify({ jsonrpc: '2.0', ...message }), { ...inSession, ...headers })
  return {
    sessionId,
    initialized: opened.message?.result ?? {},
    post,
    call: async (name, input = {}, meta) => {
      const answer = await post({ id: 1, method: 'tools/call', params: { name, arguments: input, _meta: meta } })
      return readToolText(answer)
    },
    end: async () => {
      const answer = await request(url, { method: 'DELETE', headers: inSession })
      await answer.body.dump()
      return { status: answer.statusCode }
    },
    listen: (onMessage) => listenTo(url, { method: 'GET', headers: inSession }, onMessage),
    follow: async (name, input, onMessage) => {
      const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: input } }
      const headers = { 'content-type': 'application/json', ...inSession }
      let last: StreamMessage = {}
      const { ended } = await listenTo(url, { method: 'POST', headers, body: JSON.stringify(message) }, (received) => {
        last = received
        onMessage(received)
      })
      await ended
      return last
    },
  }
}

/** What the text of a tool's result says. */
export function readToolText(answer: PostAnswer): ToolValue {
  const content = answer.message?.result?.content as { text: string }[] | undefined
  const text = content?.[0]?.text
  if (text === undefined) throw new Error(`${answer.status}: ${answer.text}`)
  return JSON.parse(text)
}

/** Reads the messages of a stream, or the one of a JSON answer. */
async function listenTo(
  url: string,
  { method, headers, body }: { method: 'GET' | 'POST'; headers: Record<string, string>; body?: string },
  onMessage: (message: StreamMessage) => void,
): Promise<{ close(): void; readonly ended: Promise<void> }> {
  const accept = 'application/json, text/event-stream'
  const answer = await request(url, { method, headers: { accept, ...headers }, body: body ?? null })
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${await answer.body.text()}`)
  const ended = readMessages(answer.body, onMessage).catch(() => undefined)
  return { close: () => void answer.body.destroy(), ended }
}

/** Subscribes as a client of 2026-07-28 does. */
export function listenToModern(
  url: string,
  token: string,
  notifications: object,
  onMessage: (message: StreamMessage) => void,
): ReturnType<typeof listenTo> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw-test', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const message = { jsonrpc: '2.0', id: 'sub', method: 'subscriptions/listen', params: { _meta, notifications } }
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'subscriptions/listen',
  }
  return listenTo(url, { method: 'POST', headers, body: JSON.stringify(message) }, onMessage)
}

async function readMessages(body: AsyncIterable<unknown>, onMessage: (message: StreamMessage) => void): Promise<void> {
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines.filter((each) => each.startsWith('data: '))) {
      onMessage(JSON.parse(line.slice('data: '.length)) as StreamMessage)
    }
  }
  if (rest !== '') onMessage(JSON.parse(rest) as StreamMessage)
}
