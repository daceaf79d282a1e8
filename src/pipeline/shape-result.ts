import type { McpMessage } from '../contracts/mcp.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { CacheKey } from '../mcp/catalog-cache.ts'
import { listMethods } from '../mcp/methods.ts'
import { type AnswerOutcome, outcomeOf } from './answer-outcome.ts'
import type { PipelineHost, Route } from './route.ts'
import { runResultPhase } from './run-policies.ts'

/** One JSON-RPC response, ready to send, and how the call went. */
export interface ShapedResult {
  readonly body: Buffer
  readonly outcome: Omit<AnswerOutcome, 'status'>
}

/** True when somebody must see the results of this method: a policy, the limit on lists, or the cache. */
export function needsShaping(message: McpMessage, route: Route, key: CacheKey | undefined): boolean {
  return key !== undefined || listMethods.has(message.method) || route.resultPolicies.has(message.method)
}

// Parsing this much costs one or two microseconds.
const inspectedBytes = 16 * 1024

/**
 * How a call went, from a response that no policy reads. Throws `upstream_protocol_error` for a small one that is not JSON-RPC or
 * answers another request; a large one is parsed only when it looks like a failure.
 */
export function inspectResponse(body: Buffer, message: McpMessage): Omit<AnswerOutcome, 'status'> {
  if (body.length > inspectedBytes && !mayBeFailure(body)) return completed
  const response = parseResponse(body)
  checkId(response, message)
  return outcomeOf(response)
}

const completed: Omit<AnswerOutcome, 'status'> = {}

/**
 * Runs the result phase on a response. Throws `upstream_protocol_error` for what is not JSON-RPC or answers another request,
 * `limit_capabilities_exceeded` for a list that is too long, and whatever a policy refuses with.
 */
export async function shapeResult(
  body: Buffer,
  message: McpMessage,
  exchange: HttpExchange,
  route: Route,
  host: PipelineHost,
  key: CacheKey | undefined,
): Promise<ShapedResult> {
  const response = parseResponse(body)
  checkId(response, message)
  const outcome = outcomeOf(response)
  const listMember = listMethods.get(message.method)
  // A list is always looked at: nothing may slip past its policies by calling itself incomplete.
  if (!isJsonObject(response.result) || (outcome.inputRequired && listMember === undefined)) return { body, outcome }
  if (listMember !== undefined) checkListLength(response.result[listMember], host)
  const policies = route.resultPolicies.get(message.method)
  const result = policies ? await runResultPhase(policies, response.result, message, exchange) : response.result
  if (key) route.cache.keep(key, result, route.resultVaries)
  return { body: result === response.result ? body : Buffer.from(JSON.stringify({ ...response, result })), outcome }
}

const failureMarks = ['"error"', '"isError":true', '"isError": true', '"input_required"'].map((mark) =>
  Buffer.from(mark),
)

/** A failure has one of these marks; most results have none, and the search runs at memory speed. */
function mayBeFailure(body: Buffer): boolean {
  return failureMarks.some((mark) => body.includes(mark))
}

/** The parsed JSON-RPC message. */
export function parseResponse(body: Buffer): JsonObject {
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch {
    throw protocolError('is not valid JSON')
  }
  if (!isJsonObject(parsed) || parsed.jsonrpc !== '2.0') throw protocolError('is not JSON-RPC 2.0')
  return parsed
}

/** Errors about a message that could not be read carry no id, or null in older revisions. */
function checkId(response: JsonObject, message: McpMessage): void {
  const anonymous = response.error !== undefined && (response.id === undefined || response.id === null)
  if (response.id !== message.id && !anonymous) throw protocolError('answers another request')
}

function checkListLength(list: unknown, host: PipelineHost): void {
  if (Array.isArray(list) && list.length > host.limits.capabilities) {
    throw new GatewayError('limit_capabilities_exceeded', { detail: `${list.length} entries` })
  }
}

function protocolError(what: string): GatewayError {
  return new GatewayError('upstream_protocol_error', { detail: `the answer ${what}` })
}
