import type { BufferedAnswer } from '../contracts/handler.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { JsonObject } from '../lib/json.ts'

/** An answer that the gateway gives in the place of the upstream; `refusal` is why. */
export function createOwnAnswer(message: McpMessage, result: JsonObject, refusal?: GatewayError): BufferedAnswer {
  return { ...createKnownAnswer(message, result, refusal), isOwn: true }
}

/** The same with a result that the upstream once gave, so that policies read it. */
export function createKnownAnswer(message: McpMessage, result: JsonObject, refusal?: GatewayError): BufferedAnswer {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }))
  return { kind: 'json', status: 200, body, headers: {}, upstreamMs: 0, refusal }
}

/** Takes a notification, or a response to a request that nobody waits for. */
export const acceptedAnswer: BufferedAnswer = {
  kind: 'json',
  status: 202,
  body: Buffer.alloc(0),
  headers: {},
  upstreamMs: 0,
}
