import type { McpMessage, McpReply } from '../contracts/mcp.ts'
import type { HttpReply } from '../contracts/policy.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import type { JsonObject } from '../lib/json.ts'
import { describeMessageEdit, describeResultEdit } from './describe-edit.ts'
import type { PhasePolicy, RequestStep } from './route.ts'

/** Request phase: the policies in order, on headers only. The first that replies or refuses (by throwing) ends it. */
export async function runRequestPhase(
  policies: readonly RequestStep[],
  exchange: HttpExchange,
): Promise<HttpReply | undefined> {
  for (const { name, policy } of policies) {
    exchange.policy = name
    const outcome = policy.onRequest(exchange)
    // Most policies decide at once; awaiting a plain value would cost a turn of the event loop each.
    const reply = outcome instanceof Promise ? await outcome : outcome
    // One step may be several authentication policies: the exchange knows which of them decided.
    const decided = exchange.policy
    if (reply instanceof GatewayError) throw refused(reply, 'request', decided, exchange)
    if (reply !== undefined) {
      exchange.addStep('request', decided, 'answered', `status ${reply.status}`)
      return reply
    }
    exchange.addStep('request', decided, 'passed')
  }
  exchange.policy = undefined
  return undefined
}

/** Message phase: the policies in order, on the classified message. A reply ends it and the handler is not asked. */
export async function runMessagePhase(
  policies: readonly PhasePolicy<'onMessage'>[],
  message: McpMessage,
  exchange: HttpExchange,
): Promise<McpReply | undefined> {
  for (const { name, policy } of policies) {
    exchange.policy = name
    const { body } = message
    const outcome = policy.onMessage(message, exchange)
    const reply = outcome instanceof Promise ? await outcome : outcome
    if (reply instanceof GatewayError) throw refused(reply, 'message', name, exchange)
    if (reply !== undefined) {
      exchange.addStep('message', name, reply.refusal ? 'refused' : 'answered', reply.refusal?.reason)
      return reply
    }
    if (message.body === body) exchange.addStep('message', name, 'passed')
    else exchange.addStep('message', name, 'edited', describeMessageEdit(body, message.body))
  }
  exchange.policy = undefined
  return undefined
}

/** Result phase: the policies in order, each on what the one before made of the result. */
export async function runResultPhase(
  policies: readonly PhasePolicy<'onResult'>[],
  result: JsonObject,
  message: McpMessage,
  exchange: HttpExchange,
): Promise<JsonObject> {
  let current = result
  exchange.skipToNow()
  for (const { name, policy } of policies) {
    exchange.policy = name
    const outcome = policy.onResult(current, message, exchange)
    const replaced = outcome instanceof Promise ? await outcome : outcome
    if (replaced instanceof GatewayError) throw refused(replaced, 'result', name, exchange)
    if (replaced === undefined || replaced === current) exchange.addStep('result', name, 'passed')
    else exchange.addStep('result', name, 'edited', describeResultEdit(current, replaced, message.method))
    current = replaced ?? current
  }
  exchange.policy = undefined
  return current
}

function refused(
  refusal: GatewayError,
  phase: 'request' | 'message' | 'result',
  policy: string,
  exchange: HttpExchange,
): GatewayError {
  exchange.addStep(phase, policy, 'refused', refusal.reason)
  return refusal
}
