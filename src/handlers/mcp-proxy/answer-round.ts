import type { Exchange } from '../../contracts/exchange.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import { isJsonObject, type JsonObject, objectMember } from '../../lib/json.ts'
import type { TokenSealer } from '../../lib/seal-token.ts'
import { inputRequired } from '../../mcp/bridge/modern-to-legacy/ask-client.ts'
import { stampServer } from '../../mcp/bridge/modern-to-legacy/complete-result.ts'
import { describeLinks, findUrlElicitations, urlInputRequests } from '../../mcp/bridge/modern-to-legacy/elicit-urls.ts'
import type { CallWishes } from '../../mcp/bridge/modern-to-legacy/filter-notification.ts'
import { elicits } from '../../mcp/bridge/modern-to-legacy/map-capabilities.ts'
import { inputResponsesOf, sealRequestState } from '../../mcp/bridge/modern-to-legacy/request-state.ts'
import { type TranslatedResponse, translateResponse } from '../../mcp/bridge/modern-to-legacy/translate-response.ts'
import { findMethod } from '../../mcp/methods.ts'
import type { Cancellation } from './cancellation.ts'
import type { UpstreamCaller } from './legacy-session.ts'

/** One request of the client that belongs to a call: the first, or one that answers questions. */
export interface CallRound {
  readonly message: McpMessage
  readonly exchange: Exchange
  readonly cancellation: Cancellation
  readonly caller: UpstreamCaller
  readonly capabilities: JsonObject
  readonly wishes: CallWishes
  /** Whose call it is, for the bounds on what waits. */
  readonly owner: string
}

/** What an answer to a round needs besides what the upstream said. */
export interface AnswerContext {
  readonly sealer: TokenSealer
  /** How long a question may be answered. */
  readonly ttlMs: number
  /** Name of the upstream, as it gave it. */
  readonly serverInfo: unknown
}

/** True for calls that may be answered with a question (2026-07-28 §input_required). */
export function takesInput({ method }: McpMessage): boolean {
  return findMethod(method, 'modern')?.uses !== undefined
}

/** A response of the upstream for the client, or the question that it is where links have to be opened first. */
export function answerRound(response: JsonObject, round: CallRound, context: AnswerContext): TranslatedResponse {
  const { message, capabilities } = round
  const translate = (given: JsonObject) => translateResponse(given, message.method, message.id, context.serverInfo)
  const error = objectMember(response, 'error')
  const links = error && findUrlElicitations(error)
  if (links === undefined || !takesInput(message)) return translate(response)
  if (elicits(capabilities, 'url') && !hasRefused(message)) {
    return { status: 200, body: askRound(urlInputRequests(links), undefined, round, context) }
  }
  return translate(message.method === 'tools/call' ? { jsonrpc: '2.0', result: describeLinks(links) } : response)
}

/** The question to the client. `parked` names the call that waits for the answer; absent: the answer leads to another call. */
export function askRound(
  inputRequests: JsonObject,
  parked: string | undefined,
  { message, exchange }: CallRound,
  { sealer, ttlMs, serverInfo }: AnswerContext,
): JsonObject {
  const state = { expiresAtMs: Date.now() + ttlMs, ...(parked !== undefined && { parked }) }
  const requestState = sealRequestState(sealer, state, message, exchange)
  return { jsonrpc: '2.0', id: message.id, result: stampServer(inputRequired(inputRequests, requestState), serverInfo) }
}

/** The person did not want to open the links that the upstream asked for. */
function hasRefused(message: McpMessage): boolean {
  const given = Object.values(inputResponsesOf(message) ?? {})
  return given.some((answer) => isJsonObject(answer) && answer.action !== undefined && answer.action !== 'accept')
}

/** An answer that the bridge has made, as if an upstream of the client's era had given it. */
export function ownAnswer(status: number, body: JsonObject, upstreamMs = 0): UpstreamAnswer {
  return {
    kind: 'json',
    status,
    body: Buffer.from(JSON.stringify(body)),
    headers: {},
    upstreamMs,
    responseHeaders: { 'content-type': 'application/json' },
  }
}
