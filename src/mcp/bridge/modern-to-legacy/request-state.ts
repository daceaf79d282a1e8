import type { Exchange } from '../../../contracts/exchange.ts'
import type { McpMessage } from '../../../contracts/mcp.ts'
import { canonicalJson } from '../../../lib/canonical-json.ts'
import { type JsonObject, objectMember, stringMember } from '../../../lib/json.ts'
import type { TokenSealer } from '../../../lib/seal-token.ts'

/** What an answer to `input_required` goes on with. */
export interface RequestState {
  /** The call that waits in this process; absent: nothing runs upstream, which refused until links are opened. */
  readonly parked?: string
  readonly expiresAtMs: number
}

/** Seals the state for this person, client, route and call alone: clients hold it, and may change it (2026-07-28 §requestState). */
export function sealRequestState(
  sealer: TokenSealer,
  state: RequestState,
  message: McpMessage,
  exchange: Exchange,
): string {
  return sealer.seal(JSON.stringify(state), contextOf(message, exchange))
}

/** Undefined when the state was altered, is somebody else's or of another call. Expiry is for the caller to check. */
export function openRequestState(
  sealer: TokenSealer,
  state: string,
  message: McpMessage,
  exchange: Exchange,
): RequestState | undefined {
  const opened = sealer.open(state, contextOf(message, exchange))
  // Nobody but this gateway can have sealed it.
  return opened === undefined ? undefined : (JSON.parse(opened) as RequestState)
}

/** What a client sends back with its answers; undefined when it sends none. */
export function stateOf(message: McpMessage): string | undefined {
  const params = objectMember(message.body, 'params')
  return params && stringMember(params, 'requestState')
}

/** The answers of a client by the keys of its questions; undefined when it sends none. */
export function inputResponsesOf(message: McpMessage): JsonObject | undefined {
  const params = objectMember(message.body, 'params')
  return params && objectMember(params, 'inputResponses')
}

function contextOf(message: McpMessage, { routeName, tenant, subject }: Exchange): string {
  const { inputResponses: _, requestState: __, _meta: ___, ...asked } = objectMember(message.body, 'params') ?? {}
  const who = [routeName, tenant, subject?.id, subject?.clientId]
  // A client may send the same members in another order.
  return canonicalJson(['mcp-request-state', ...who, message.method, asked])
}
