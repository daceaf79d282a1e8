import type { McpMessage, McpReply } from '../contracts/mcp.ts'
import type { HttpReply } from '../contracts/policy.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import type { JsonObject } from '../lib/json.ts'
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
    if (reply instanceof GatewayError) throw reply
    if (reply !== undefined) return reply
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
    const outcome = policy.onMessage(message, exchange)
    const reply = outcome instanceof Promise ? await outcome : outcome
    if (reply instanceof GatewayError) throw reply
    if (reply !== undefined) return reply
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
  for (const { name, policy } of policies) {
    exchange.policy = name
    const outcome = policy.onResult(current, message, exchange)
    const replaced = outcome instanceof Promise ? await outcome : outcome
    if (replaced instanceof GatewayError) throw replaced
    current = replaced ?? current
  }
  exchange.policy = undefined
  return current
}
