import type { GatewayError } from '../errors/gateway-error.ts'
import type { Exchange } from './exchange.ts'
import type { McpAnswer } from './handler.ts'
import type { McpMessage } from './mcp.ts'

/** One message for another route of the project. */
export interface RouteCall {
  /**
   * operationId. The caller's own: its message and result policies run and its handler answers, as for a message that a client sent; nothing
   * is recorded.
   */
  readonly route: string
  /** Under an id that no other message of this exchange has toward that route. */
  readonly message: McpMessage
  /** The exchange that it is a part of. Its subject asks. */
  readonly exchange: Exchange
  /** `Mcp-Session-Id` toward that route; none is passed on from the client. */
  readonly sessionId?: string | undefined
  /** `Mcp-Param-*` in place of those of the client, by lower-case name. */
  readonly parameterHeaders?: { readonly [name: string]: string } | undefined
  /** Ends the call, also upstream. */
  readonly signal?: AbortSignal | undefined
}

/** What the other route answered, after its policies. */
export interface RouteAnswer {
  readonly answer: McpAnswer
  /** `Mcp-Session-Id` that the route gave. */
  readonly sessionId: string | undefined
  /** Another person might have received another one, whatever its `cacheScope` says. */
  readonly isPersonal: boolean
}

/**
 * Lets a handler ask other routes in the place of a client. Everything of them runs as on their own path, recorded as an event of theirs,
 * except that nobody is authenticated again: the subject is that of the exchange. Never rejects.
 */
export interface RouteCaller {
  ask(call: RouteCall): Promise<RouteAnswer | GatewayError>
}
