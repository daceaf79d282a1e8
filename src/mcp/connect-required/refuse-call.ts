import type { McpAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import { randomId } from '../../lib/random-id.ts'
import { findMethod } from '../methods.ts'
import { createOwnAnswer } from '../own-answer.ts'
import { type ConnectAdvice, connectErrorData, sentenceWithLink } from './describe-connect.ts'

/** Key of our question among the `inputRequests` of an answer (2026-07-28 §input_required). */
const inputKey = 'sallyport_connect'

// 2025-11-25 §URL elicitation required. 2026-07-28 does not have it any more.
const urlElicitationRequired = -32042

/** Tells a person who called something that they have to connect first, in the way their client can show best. */
export function refuseCall(
  advice: ConnectAdvice,
  message: McpMessage,
  elicitsUrl: boolean,
  routeName: string,
): McpAnswer | GatewayError {
  const { url } = advice
  if (url !== undefined && elicitsUrl) {
    if (message.era === 'legacy') return elicitByError(advice, url, routeName)
    // Somebody who said no is not asked again.
    if (takesInput(message) && connectAnswer(message) !== 'refused') return elicitByResult(advice, url, message)
  }
  if (message.method === 'tools/call') return createToolError(advice, message)
  return refuseWithLink(advice, routeName)
}

/** What the person answered to our question, when this call is the one that comes after it. */
export function connectAnswer(message: McpMessage): 'accepted' | 'refused' | undefined {
  const response = inputResponses(message)?.[inputKey]
  if (!isJsonObject(response)) return undefined
  return stringMember(response, 'action') === 'accept' ? 'accepted' : 'refused'
}

/** Takes the answer to our question out of the message: the upstream did not ask it. */
export function removeConnectAnswer(message: McpMessage): void {
  const responses = inputResponses(message)
  if (responses === undefined || !Object.hasOwn(responses, inputKey)) return
  const { [inputKey]: _, ...others } = responses
  const { inputResponses: __, ...params } = objectMember(message.body, 'params') ?? {}
  const kept = Object.keys(others).length > 0 ? { inputResponses: others } : {}
  message.edit({ ...message.body, params: { ...params, ...kept } })
}

function inputResponses(message: McpMessage): JsonObject | undefined {
  if (message.era !== 'modern' || !takesInput(message)) return undefined
  const params = objectMember(message.body, 'params')
  return params && objectMember(params, 'inputResponses')
}

function takesInput({ method, era }: McpMessage): boolean {
  return findMethod(method, era)?.uses !== undefined
}

function elicitByResult({ refusal, summary }: ConnectAdvice, url: string, message: McpMessage): McpAnswer {
  const question = { method: 'elicitation/create', params: { mode: 'url', message: summary, url } }
  return createOwnAnswer(message, { resultType: 'input_required', inputRequests: { [inputKey]: question } }, refusal)
}

function elicitByError(advice: ConnectAdvice, url: string, routeName: string): GatewayError {
  const { refusal, summary } = advice
  const elicitations = [{ mode: 'url', elicitationId: randomId(), url, message: summary }]
  return new GatewayError(refusal.reason, {
    message: summary,
    code: urlElicitationRequired,
    data: { elicitations, ...connectErrorData(advice, routeName) },
    detail: refusal.details.detail,
  })
}

function createToolError(advice: ConnectAdvice, message: McpMessage): McpAnswer {
  const text = sentenceWithLink(advice)
  const result = { content: [{ type: 'text', text }], isError: true }
  return createOwnAnswer(message, forEra(message, result), advice.refusal)
}

/** A result of ours in the form of the caller's era. */
export function forEra(message: McpMessage, result: JsonObject): JsonObject {
  return message.era === 'modern' ? { resultType: 'complete', ...result } : result
}

/** A JSON-RPC error, answered in-band: the access token of the client is fine, so no status may send it to sign in. */
function refuseWithLink(advice: ConnectAdvice, routeName: string): GatewayError {
  const { refusal } = advice
  return new GatewayError(refusal.reason, {
    message: sentenceWithLink(advice),
    status: 200,
    code: refusal.code,
    data: connectErrorData(advice, routeName),
    detail: refusal.details.detail,
  })
}
