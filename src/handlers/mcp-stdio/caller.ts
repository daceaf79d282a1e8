import type { Exchange } from '../../contracts/exchange.ts'
import type { LiveSession } from '../../contracts/live-sessions.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { type JsonObject, objectMember } from '../../lib/json.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import { clientCapabilitiesKey } from '../../mcp/eras/2026-07-28/check-envelope.ts'

/** Who sent a message, as far as a program's own messages depend on it. */
export interface Caller {
  /** A person; without sign-in a session, else this request alone. */
  readonly owner: string
  readonly capabilities: JsonObject
  /** Of a legacy client that has a session. */
  readonly live: LiveSession | undefined
}

/** Reads who it is from what was verified: the subject, and a session id that opened. */
export function describeCaller(
  message: McpMessage,
  exchange: Exchange,
  session: ClientSession | undefined,
  live: LiveSession | undefined,
): Caller {
  const owner = ownerOf(exchange, session)
  const capabilities =
    message.era === 'modern' ? metaMember(message, clientCapabilitiesKey) : session?.client.capabilities
  return { owner, capabilities: capabilities ?? {}, live }
}

/** Without sign-in nobody can be known from one request to the next, but by a session. */
export function ownerOf(exchange: Exchange, session: ClientSession | undefined): string {
  return personOf(exchange) ?? JSON.stringify(['anonymous', session?.key ?? exchange.requestId])
}

/** The signed-in person: subjects of different tenants may have one name. */
export function personOf({ tenant, subject }: Exchange): string | undefined {
  return subject && JSON.stringify([tenant, subject.id])
}

function metaMember({ body }: McpMessage, key: string): JsonObject | undefined {
  const params = objectMember(body, 'params')
  const meta = params && objectMember(params, '_meta')
  return meta && objectMember(meta, key)
}
