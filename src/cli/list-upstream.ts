import type { Pool } from 'undici'
import type { DefinitionList } from '../contracts/pinned-definitions.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { postJsonRpc, resultOf } from '../http/post-json-rpc.ts'
import { createUpstreamPool } from '../http/send-upstream.ts'
import { isJsonObject, type JsonObject, objectMember } from '../lib/json.ts'
import { entriesOf, listOfMethod } from '../mcp/definitions/hash-definition.ts'
import { packageVersion } from './package-files.ts'

/** The lists that an upstream gave; those that it does not have are empty. */
export type ListedDefinitions = ReadonlyMap<DefinitionList, readonly JsonObject[]>

const clientInfo = { name: 'sallyport-pins', version: packageVersion() }
const modernVersion = '2026-07-28'
const legacyVersion = '2025-11-25'
const limits = { responseBytes: 32 * 1024 * 1024, sseEventBytes: 8 * 1024 * 1024, firstByteMs: 30_000, totalMs: 60_000 }
const mostPages = 100
const methodNotFound = -32601

/** Lists everything that an upstream defines, in its own era. `token` is sent as a bearer token. Rejects with an `upstream_…` GatewayError. */
export async function listUpstream(url: string, token: string | undefined): Promise<ListedDefinitions> {
  const { origin, pathname, search } = new URL(url)
  const pool = createUpstreamPool(origin, { connections: 1, connectMs: 5000, firstByteMs: 30_000, idleMs: 30_000 })
  try {
    const { ask, handshake } = await openConversation(
      pool,
      pathname + search,
      token === undefined ? {} : { authorization: `Bearer ${token}` },
    )
    const lists = new Map<DefinitionList, readonly JsonObject[]>()
    for (const [method, list] of listOfMethod) {
      const entries = list === 'instructions' ? entriesOf(list, handshake) : await listAll(ask, method, list)
      lists.set(list, entries.filter(isJsonObject))
    }
    return lists
  } finally {
    await pool.destroy()
  }
}

/** How to ask, and the result of the handshake. */
interface Conversation {
  readonly ask: Ask
  readonly handshake: JsonObject
}

type Ask = (method: string, params: JsonObject) => ReturnType<typeof postJsonRpc>

/** 2026-07-28 where the upstream speaks it, else a session of an older revision. */
async function openConversation(
  pool: Pool,
  path: string,
  headers: { readonly [name: string]: string },
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
  if (isJsonObject(result)) return { ask: modern, handshake: result }
  const params = { protocolVersion: legacyVersion, capabilities: {}, clientInfo }
  const begin = { jsonrpc: '2.0', id: ++id, method: 'initialize', params }
  const begun = await postJsonRpc(pool, path, begin, headers, limits)
  refuseUnauthorized(begun.status)
  const handshake = resultOf(begun)
  const { protocolVersion } = handshake
  const session = begun.headers['mcp-session-id']
  const own = {
    'mcp-protocol-version': typeof protocolVersion === 'string' ? protocolVersion : legacyVersion,
    ...(typeof session === 'string' && { 'mcp-session-id': session }),
  }
  const send = (message: JsonObject) => postJsonRpc(pool, path, message, { ...headers, ...own }, limits)
  await send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  return { handshake, ask: (method, listParams) => send({ jsonrpc: '2.0', id: ++id, method, params: listParams }) }
}

function refuseUnauthorized(status: number): void {
  if (status === 401 || status === 403) throw new GatewayError('upstream_unauthorized', { detail: `answers ${status}` })
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
