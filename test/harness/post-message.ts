import { request } from 'undici'

/** What came back for one POST. */
export interface PostAnswer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  /** Empty where the connection broke off. */
  readonly text: string
  /** False: the connection broke off before all of the body was here. */
  readonly isComplete: boolean
  /** The JSON-RPC message: the body, or the last event of a stream. Undefined when there is none. */
  readonly message: JsonRpcAnswer | undefined
}

/** A JSON-RPC response as tests read it. */
export interface JsonRpcAnswer {
  readonly id?: string | number
  readonly result?: { readonly [name: string]: unknown }
  readonly error?: { readonly code: number; readonly message: string; readonly data?: { readonly reason?: string } }
}

/** POSTs raw bytes with the headers a client of either era sends, unless `headers` say otherwise; an empty value leaves one out. */
export async function postRaw(url: string, body: string, headers: Record<string, string> = {}): Promise<PostAnswer> {
  const standard = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const entries = Object.entries({ ...standard, ...headers }).filter(([, value]) => value !== '')
  const answer = await request(url, { method: 'POST', headers: Object.fromEntries(entries), body })
  const received = await answer.body.text().catch(() => undefined)
  const text = received ?? ''
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text,
    isComplete: received !== undefined,
    message: parseAnswer(text),
  }
}

/** POSTs one message of an older revision, without a session. */
export function postLegacy(
  url: string,
  token: string,
  method: string,
  params: object = {},
  id = 1,
): Promise<PostAnswer> {
  const headers = { authorization: `Bearer ${token}`, 'mcp-protocol-version': '2025-11-25' }
  return postRaw(url, JSON.stringify({ jsonrpc: '2.0', id, method, params }), headers)
}

/** POSTs one message of 2026-07-28; `extra` replaces headers. */
export function postModern(
  url: string,
  token: string,
  method: string,
  params: { readonly name?: string; readonly [member: string]: unknown } = {},
  extra: Record<string, string> = {},
): Promise<PostAnswer> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw-test', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const headers = {
    authorization: `Bearer ${token}`,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(params.name !== undefined && { 'mcp-name': params.name }),
    ...extra,
  }
  return postRaw(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { _meta, ...params } }), headers)
}

/** Calls a tool without arguments in 2026-07-28. */
export function callTool(url: string, token: string, name: string): Promise<PostAnswer> {
  return postModern(url, token, 'tools/call', { name, arguments: {} })
}

function parseAnswer(text: string): JsonRpcAnswer | undefined {
  const events = text.split('\n').filter((line) => line.startsWith('data: '))
  const last = events.at(-1)?.slice('data: '.length)
  try {
    return JSON.parse(last ?? text) as JsonRpcAnswer
  } catch {
    return undefined
  }
}
