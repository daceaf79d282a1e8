import type { GatewayError } from '../errors/gateway-error.ts'
import type { JsonObject } from '../lib/json.ts'

/** `modern`: 2026-07-28 and later, one POST per request. `legacy`: 2025-03-26 to 2025-11-25, with initialize and sessions. */
export type Era = 'modern' | 'legacy'

/** Request, notification, or a client's answer to a request of the server (legacy only). */
export type MessageKind = 'request' | 'notification' | 'response'

/** The kinds of things a virtual server offers. */
export type CapabilityType = 'tool' | 'prompt' | 'resource'

/** One classified JSON-RPC message of a client. Unknown members are kept in `body`. */
export interface McpMessage {
  readonly kind: MessageKind
  readonly era: Era
  /** Protocol revision of this message; undefined when a legacy client did not say. */
  readonly protocolVersion: string | undefined
  /** Empty for a response. */
  readonly method: string
  /** JSON-RPC id; undefined for notifications. */
  readonly id: string | number | undefined
  /** What is called: `params.name` of tools/call and prompts/get, `params.uri` of resources/read. */
  readonly name: string | undefined
  /** Name and version the client gives itself. For display only. */
  readonly clientInfo: { readonly name: string; readonly version: string } | undefined
  /** The parsed message. To change it, call `edit`. */
  readonly body: JsonObject
  /** The bytes as received; what is sent upstream unless the message was edited. */
  readonly bytes: Buffer
  /** True once `edit` was called. */
  readonly edited: boolean
  /** Replaces the parsed message; it is serialised again before it goes upstream. */
  edit(body: JsonObject): void
}

/** A `result` that a policy gives instead of the upstream. */
export interface McpReply {
  readonly result: JsonObject
  /** Why the call was refused in an ordinary answer; the event says so. */
  readonly refusal?: GatewayError | undefined
}
