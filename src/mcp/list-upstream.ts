import type { Pool } from 'undici'
import type { Era } from '../contracts/mcp.ts'
import type { DefinitionList } from '../contracts/pinned-definitions.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { postJsonRpc, resultOf } from '../http/post-json-rpc.ts'
import { createUpstreamPool } from '../http/send-upstream.ts'
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../lib/json.ts'
import { entriesOf, listOfMethod } from './definitions/hash-definition.ts'

/** The lists that an upstream gave; those that it does not have are empty. */
export type ListedDefinitions = ReadonlyMap<DefinitionList, readonly JsonObject[]>

/** What an upstream says of itself and lists. */
export interface ListedUpstream {
  readonly era: Era
  readonly protocolVersion: string
  /** Result of `server/discover` or `initialize`. */
  readonly handshake: JsonObject
  readonly lists: ListedDefinitions
}

/** Who asks, and how it gets there. */
export interface ListUpstreamOptions {
  /** Name and version that the upstream is told. */
  readonly clientInfo: { readonly name: string; readonly version: string }
  /** With the credential. */
  readonly headers?: { readonly [name: string]: string }
  /** To the origin of the URL, e.g. one that reaches public addresses only; destroyed at the end. Default: to any address. */
  readonly pool?: Pool | undefined
}

const modernVersion = '2026-07-28'
const legacyVersion = '2025-11-25'
const limits = { responseBytes: 32 * 1024 * 1024, sseEventBytes: 8 * 1024 * 1024, firstByteMs: 30_000, totalMs: 60_000 }
const mostPages = 100
const methodNotFound = -32601

/** Bounds of the connections that ask. */
export const listPoolLimits = { connections: 1, connectMs: 5000, firstByteMs: 30_000, idleMs: 30_000 }

/**
 * Lists everything that an upstream defines, in its own era. Rejects with an `upstream_…` GatewayError; `upstream_unauthorized` has the status in
 * `httpStatus` of its data.
 */
export async function listUpstream(url: string, options: ListUpstreamOptions): Promise<ListedUpstream> {
  const { origin, pathname, search } = new URL(url)
  const pool = options.pool ?? createUpstreamPool(origin, listPoolLimits)
  try {
    const conversation = await openConversation(pool, pathname + search, options)
    const lists = new Map<DefinitionList, readonly JsonObject[]>()
    for (const [method, list] of listOfMethod) {
      const { handshake, ask } = conversation
      const entries = list === 'instructions' ? entriesOf(list, handshake) : await listAll(ask, method, list)
      lists.set(list, entries.filter(isJsonObject))
    }
    await conversation.end()
    const { era, protocolVersion, handshake } = conversation
    return { era, protocolVersion, handshake, lists }
  } finally {
    await pool.destroy()
  }
}

/** How to ask, and the result of the handshake. */
interface Conversation extends Omit<ListedUpstream, 'lists'> {
  readonly ask: Ask
  /** Ends the session, where there is one. */
  end(): Promise<void>
}

type Ask = (method: string, params: JsonObject) => ReturnType<typeof postJsonRpc>

/** 2026-07-28 where the upstream speaks it, else a session of an older revision. */
async function openConversation(
  pool: Pool,
  path: string,
  { headers = {}, clientInfo }: ListUpstreamOptions,
): Promise<Conversation> {
  let id = 0
  const modern: Ask = (method, params) => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': modernVersion,
      'io.modelcontextprotocol/clientInfo': clientInfo,
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const message = { jsonrpc: '2.0', id: ++id, method, params: { ...params, _meta } }
    const own = { 'mcp-protocol-version': modernVersion, 'mcp-method': method }
    return postJsonRpc(pool, path, message, { ...headers, ...own }, limits)
  }
  const discovered = await modern('server/discover', {})
  refuseUnauthorized(discovered.status)
  const { result } = discovered.response ?? {}
  if (isJsonObject(result))
    return { era: 'modern', protocolVersion: modernVersion, ask: modern, handshake: result, end: async () => {} }
  const params = { protocolVersion: legacyVersion, capabilities: {}, clientInfo }
  const begin = { jsonrpc: '2.0', id: ++id, method: 'initialize', params }
  const begun = await postJsonRpc(pool, path, begin, headers, limits)
  refuseUnauthorized(begun.status)
  const handshake = resultOf(begun)
  const protocolVersion = stringMember(handshake, 'protocolVersion') ?? legacyVersion
  const session = begun.headers['mcp-session-id']
  const own = {
    ...headers,
    'mcp-protocol-version': protocolVersion,
    ...(typeof session === 'string' && { 'mcp-session-id': session }),
  }
  const send = (message: JsonObject) => postJsonRpc(pool, path, message, own, limits)
  await send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  return {
    era: 'legacy',
    protocolVersion,
    handshake,
    ask: (method, listParams) => send({ jsonrpc: '2.0', id: ++id, method, params: listParams }),
    async end() {
      if (typeof session === 'string')
        await pool.request({ method: 'DELETE', path, headers: own }).catch(() => undefined)
    },
  }
}

function refuseUnauthorized(status: number): void {
  if (status !== 401 && status !== 403) return
  throw new GatewayError('upstream_unauthorized', { detail: `answers ${status}`, data: { httpStatus: status } })
}

async function listAll(ask: Ask, method: string, list: DefinitionList): Promise<readonly JsonObject[]> {
  const entries: JsonObject[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < mostPages; pages++) {
    const answer = await ask(method, cursor === undefined ? {} : { cursor })
    const error = answer.response && objectMember(answer.response, 'error')
    // An upstream without prompts has no list of them.
    if (error?.code === methodNotFound && cursor === undefined) return []
    const result = resultOf(answer)
    const page: unknown = result[list]
    if (Array.isArray(page)) entries.push(...page.filter(isJsonObject))
    if (typeof result.nextCursor !== 'string') return entries
    cursor = result.nextCursor
  }
  throw new GatewayError('upstream_protocol_error', { detail: `${method} has more than ${mostPages} pages` })
}
