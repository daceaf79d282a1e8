import type { LiveSession } from '../../../contracts/live-sessions.ts'
import type { McpMessage } from '../../../contracts/mcp.ts'
import { type JsonObject, objectMember, stringMember } from '../../../lib/json.ts'
import { findMethod } from '../../methods.ts'

const methodNotFound = -32601
const invalidParams = -32602

const logLevels: ReadonlySet<string> = new Set('debug info notice warning error critical alert emergency'.split(' '))

/**
 * The `result` or `error` of a request that 2026-07-28 does not have any more: what it asked for is kept in the session and becomes part of
 * later requests. Undefined for requests that go upstream.
 */
export function answerLocally({ method, body }: McpMessage, session: LiveSession | undefined): JsonObject | undefined {
  if (method === 'ping') return { result: {} }
  if (method === 'initialize') return undefined
  const params = objectMember(body, 'params') ?? {}
  if (session !== undefined) {
    if (method === 'logging/setLevel') return setLevel(session, stringMember(params, 'level'))
    if (method === 'resources/subscribe') return subscribe(session, stringMember(params, 'uri'))
    if (method === 'resources/unsubscribe') return unsubscribe(session, stringMember(params, 'uri'))
  }
  // Tasks of 2025-11-25 have methods of the same names as those of the extension, and mean something else.
  if (findMethod(method, 'modern') !== undefined && !method.startsWith('tasks/')) return undefined
  return { error: { code: methodNotFound, message: `Method not found: ${method}` } }
}

function setLevel(session: LiveSession, level: string | undefined): JsonObject {
  if (level === undefined || !logLevels.has(level)) return refuse('params.level must be a level of RFC 5424.')
  session.logLevel = level
  return { result: {} }
}

function subscribe(session: LiveSession, uri: string | undefined): JsonObject {
  if (uri === undefined) return refuse('params.uri must be a string.')
  return session.subscribe(uri) ? { result: {} } : refuse('There are too many subscriptions in this session.')
}

function unsubscribe(session: LiveSession, uri: string | undefined): JsonObject {
  if (uri === undefined) return refuse('params.uri must be a string.')
  session.unsubscribe(uri)
  return { result: {} }
}

function refuse(message: string): JsonObject {
  return { error: { code: invalidParams, message } }
}
