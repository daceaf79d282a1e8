import type { Exchange } from '../../contracts/exchange.ts'
import type { HandlerHost, McpAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import { Lru } from '../../lib/lru.ts'
import { rankTools } from '../../mcp/aggregate/rank-tools.ts'
import { createMessage } from '../../mcp/classify-message.ts'
import { forEra } from '../../mcp/connect-required/refuse-call.ts'
import { readResult } from '../../mcp/initialize-upstream.ts'
import { createOwnAnswer } from '../../mcp/own-answer.ts'
import { findParameterHeaders, mirrorArguments, type ParameterHeader } from '../../mcp/parameter-headers.ts'
import { ownerOf } from './member.ts'

const searchName = 'search_tools'
const callName = 'call_tool'
const defaultLimit = 10
const mostFound = 50
const mostPages = 100
const listTtlMs = 60_000

/** For the model, before the instructions of the members. */
export const searchInstructions = `Find tools with ${searchName}, then call them with ${callName}.`

/**
 * Two tools in the place of all. What they find and call goes through the policies of the aggregate under its own name: `call_tool` becomes
 * the call that it stands for before any policy sees it, and what is searched is the list as those policies leave it.
 */
export class ToolSearch {
  readonly #host: HandlerHost
  readonly #alwaysListed: ReadonlySet<string>
  /** Questions of this class, which are answered with the whole list. */
  readonly #whole = new WeakSet<McpMessage>()
  /** Calls that came as `call_tool`, whose client knew nothing of headers for arguments. */
  readonly #unwrapped = new WeakSet<McpMessage>()
  /** By person and tool. */
  readonly #headers = new Lru<string, readonly ParameterHeader[]>(20_000, { ttl: 10 * 60_000 })

  constructor(host: HandlerHost, alwaysListed: readonly string[]) {
    this.#host = host
    this.#alwaysListed = new Set(alwaysListed)
  }

  /** The call that a `call_tool` stands for; undefined for everything else, and where it names no tool. */
  unwrap(message: McpMessage): McpMessage | undefined {
    if (!isCallOf(message, callName)) return undefined
    const params = objectMember(message.body, 'params') ?? {}
    const { name, arguments: input = {} } = objectMember(params, 'arguments') ?? {}
    if (typeof name !== 'string' || !isJsonObject(input)) return undefined
    const call = createMessage(message, { ...message.body, params: { ...params, name, arguments: input } })
    this.#unwrapped.add(call)
    return call
  }

  owns(message: McpMessage): boolean {
    return isCallOf(message, searchName) || isCallOf(message, callName)
  }

  /** Undefined: it is for the members. */
  async answer(message: McpMessage, exchange: Exchange): Promise<McpAnswer | GatewayError | undefined> {
    if (isCallOf(message, searchName)) return this.#search(message, exchange)
    if (isCallOf(message, callName)) return answerText(message, 'Say which tool: {"name": …, "arguments": {…}}.', true)
    if (message.method !== 'tools/list' || this.#whole.has(message)) return undefined
    const listed = this.#alwaysListed.size > 0 ? await this.#list(message, exchange) : []
    if (listed instanceof GatewayError) return listed
    const always = listed.filter(({ name }) => typeof name === 'string' && this.#alwaysListed.has(name))
    const result = { tools: [...searchTools, ...always] }
    const cached = { ...forEra(message, result), ttlMs: listTtlMs, cacheScope: 'private' }
    return createOwnAnswer(message, message.era === 'modern' ? cached : result)
  }

  /** `Mcp-Param-*` for a call whose client could not know of them; undefined: the client sent its own. */
  async mirror(message: McpMessage, exchange: Exchange): Promise<{ readonly [name: string]: string } | undefined> {
    if (message.era !== 'modern' || !this.#unwrapped.has(message)) return undefined
    const { name, arguments: input } = objectMember(message.body, 'params') ?? {}
    const key = JSON.stringify([exchange.tenant, ownerOf(exchange), name])
    if (!this.#headers.has(key)) await this.#list(message, exchange)
    // What is not in the list is asked for once all the same, not every time.
    if (!this.#headers.has(key)) this.#headers.set(key, [])
    return mirrorArguments(this.#headers.get(key) ?? [], input)
  }

  async #search(message: McpMessage, exchange: Exchange): Promise<McpAnswer | GatewayError> {
    const input = objectMember(objectMember(message.body, 'params') ?? {}, 'arguments') ?? {}
    const query = stringMember(input, 'query')
    if (query === undefined) return answerText(message, 'Say what the tool should do: {"query": …}.', true)
    const tools = await this.#list(message, exchange)
    if (tools instanceof GatewayError) return tools
    const limit = typeof input.limit === 'number' && input.limit >= 1 ? Math.floor(input.limit) : defaultLimit
    const found = rankTools(tools, query.slice(0, 1_000), Math.min(limit, mostFound))
    const shown = found.map(({ name, title, description, inputSchema }) => ({ name, title, description, inputSchema }))
    const structuredContent = { tools: shown }
    const content = [{ type: 'text', text: JSON.stringify(structuredContent) }]
    return createOwnAnswer(message, forEra(message, { content, structuredContent }))
  }

  /** Every tool that this person may see, after the policies of members and aggregate. */
  async #list(message: McpMessage, exchange: Exchange): Promise<readonly JsonObject[] | GatewayError> {
    const tools: JsonObject[] = []
    let cursor: string | undefined
    for (let page = 0; page < mostPages; page++) {
      const asked = this.#ask(message, cursor)
      const session = exchange.headers['mcp-session-id']
      const sessionId = session === undefined ? undefined : String(session)
      const outcome = await this.#host.routes.ask({ route: this.#host.routeName, message: asked, exchange, sessionId })
      if (outcome instanceof GatewayError) return outcome
      const result = await readResult(outcome.answer)
      if (Array.isArray(result.tools)) tools.push(...result.tools.filter(isJsonObject))
      cursor = stringMember(result, 'nextCursor')
      if (cursor === undefined) break
    }
    for (const { name, inputSchema } of tools) {
      const headers = findParameterHeaders(inputSchema)
      this.#headers.set(
        JSON.stringify([exchange.tenant, ownerOf(exchange), name]),
        headers === 'invalid' ? [] : headers,
      )
    }
    return tools
  }

  #ask(message: McpMessage, cursor: string | undefined): McpMessage {
    const { name: _, arguments: __, cursor: ___, ...params } = objectMember(message.body, 'params') ?? {}
    const asked = createMessage(message, {
      jsonrpc: '2.0',
      id: message.id,
      method: 'tools/list',
      params: { ...params, ...(cursor !== undefined && { cursor }) },
    })
    this.#whole.add(asked)
    return asked
  }
}

function isCallOf({ method, name }: McpMessage, tool: string): boolean {
  return method === 'tools/call' && name === tool
}

function answerText(message: McpMessage, text: string, isError: boolean): McpAnswer {
  return createOwnAnswer(message, forEra(message, { content: [{ type: 'text', text }], isError }))
}

const searchTools: readonly JsonObject[] = [
  {
    name: searchName,
    title: 'Search tools',
    description: `Finds tools by what they do. Answers with name, description and inputSchema of the best ones; call them with ${callName}.`,
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', description: 'What the tool should do, in a few words.' },
        limit: { type: 'integer', minimum: 1, maximum: mostFound, default: defaultLimit },
      },
      required: ['query'],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  {
    name: callName,
    title: 'Call a tool',
    description: `Calls a tool that ${searchName} found.`,
    inputSchema: {
      type: 'object',
      properties: {
        name: { type: 'string', description: `Name of the tool, as ${searchName} gave it.` },
        arguments: { type: 'object', description: 'Arguments of the tool, as its inputSchema says.' },
      },
      required: ['name'],
    },
  },
]
