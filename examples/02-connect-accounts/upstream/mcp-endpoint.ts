import type { IncomingHttpHeaders } from 'node:http'
import {
  asObject,
  asText,
  checkRequest,
  invalidParams,
  isModern,
  legacyVersions,
  type Message,
  methodNotFound,
  modernVersion,
  Refusal,
} from '../../01-quickstart/upstream/check-request.ts'
import type { AccountBook, Caller } from './account-book.ts'
import type { Answer } from './authorization-server.ts'

const serverInfo = { name: 'sallyport-demo-notes', title: 'Notes', version: '1.0.0' }
const capabilities = { tools: {} }
const noInput = { type: 'object', properties: {}, additionalProperties: false }
const tools = [
  {
    name: 'whoami',
    description: 'Says which account this request reached, and by which credential.',
    inputSchema: noInput,
  },
  { name: 'list_notes', description: 'Lists the notes of the account.', inputSchema: noInput },
  {
    name: 'add_note',
    description: 'Adds a note to the account.',
    inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  },
]

/** Answers one MCP message of somebody who has shown who they are. How messages look is explained in the first example. */
export function answerMessage(
  message: Message,
  headers: IncomingHttpHeaders,
  caller: Caller,
  book: AccountBook,
): Answer {
  const modern = isModern(message, headers)
  const { id, method, params = {} } = message
  const reply = (status: number, body: object) => ({ status, json: { jsonrpc: '2.0', id, ...body } })
  try {
    checkRequest(message, headers)
    if (id === undefined || method === undefined) return { status: 202 }
    const result = run(method, params, modern, caller, book)
    return reply(200, { result: modern ? { resultType: 'complete', ...result } : result })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return reply(modern ? error.status : 200, {
      error: { code: error.code, message: error.message, ...(error.details && { data: error.details }) },
    })
  }
}

function run(method: string, params: object, modern: boolean, caller: Caller, book: AccountBook): object {
  const caching = modern && { ttlMs: 0, cacheScope: 'private' }
  if (method === 'tools/call') return callTool(asObject(params), caller, book)
  if (method === 'tools/list') return { tools, ...caching }
  if (modern && method === 'server/discover')
    return { supportedVersions: [modernVersion, ...legacyVersions], capabilities, serverInfo, ...caching }
  if (!modern && method === 'ping') return {}
  if (!modern && method === 'initialize') {
    const asked = asText(asObject(params)['protocolVersion'])
    const protocolVersion = legacyVersions.includes(asked) ? asked : legacyVersions[0]
    return { protocolVersion, capabilities, serverInfo }
  }
  throw new Refusal(methodNotFound, 'Method not found', 404)
}

function callTool(params: { readonly [name: string]: unknown }, caller: Caller, book: AccountBook): object {
  const { account, credential } = caller
  const say = (text: string) => ({ content: [{ type: 'text', text }] })
  if (params['name'] === 'whoami') return say(`You are ${account} here. The request carried ${credential}.`)
  if (params['name'] === 'list_notes') return say((book.notes(account) ?? []).join('\n'))
  if (params['name'] !== 'add_note') throw new Refusal(invalidParams, `Unknown tool: ${asText(params['name'])}`)
  const text = asText(asObject(params['arguments'])['text'])
  if (text === '') return { ...say('arguments.text must be a text that is not empty.'), isError: true }
  book.addNote(account, text)
  return say(`Noted for ${account}.`)
}
