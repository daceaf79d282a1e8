import type { BufferedAnswer, McpAnswer } from '../contracts/handler.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import type { HttpReply } from '../contracts/policy.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { renderError } from '../errors/render-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { CacheKey } from '../mcp/catalog-cache.ts'
import type { PipelineHost, Route } from './route.ts'
import { sendStream } from './send-stream.ts'
import { inspectResponse, needsShaping, shapeResult } from './shape-result.ts'

/** How an exchange ended, for its event. */
export interface AnswerOutcome {
  readonly status: number
  /** Set when the gateway refused or failed. */
  readonly error?: GatewayError | undefined
  /** JSON-RPC error code of the answer, the upstream's or ours. */
  readonly code?: number | undefined
  /** The tool reported an error in its result. */
  readonly isError?: boolean
  /** The server asks for input before it completes (2026-07-28 §input_required). */
  readonly inputRequired?: boolean
}

/** Sends what the handler answered, through the result phase where a policy reads this method. */
export function sendAnswer(
  answer: McpAnswer,
  message: McpMessage,
  exchange: HttpExchange,
  route: Route,
  host: PipelineHost,
  key: CacheKey | undefined,
): Promise<AnswerOutcome> {
  return answer.kind === 'stream'
    ? sendStream(answer, message, exchange, route, host, key)
    : sendBuffered(answer, message, exchange, route, host, key)
}

async function sendBuffered(
  answer: BufferedAnswer,
  message: McpMessage,
  exchange: HttpExchange,
  route: Route,
  host: PipelineHost,
  key: CacheKey | undefined,
): Promise<AnswerOutcome> {
  if (message.kind !== 'request') return sendBuffer(exchange, 202, noBody)
  if (!needsShaping(message, route, key)) {
    const outcome = inspectResponse(answer.body)
    sendBuffer(exchange, answer.status, answer.body)
    return { ...outcome, status: answer.status }
  }
  const shaped = await shapeResult(answer.body, message, exchange, route, host, key)
  sendBuffer(exchange, answer.status, shaped.body)
  return { ...shaped.outcome, status: answer.status }
}

const noBody = Buffer.alloc(0)

/** Writes a complete JSON answer. */
export function sendBuffer(exchange: HttpExchange, status: number, body: Buffer): AnswerOutcome {
  const headers = exchange.responseHeaders
  headers.push('x-request-id', exchange.requestId, 'content-length', String(body.length))
  if (body.length > 0) headers.push('content-type', 'application/json')
  exchange.bytesOut = body.length
  exchange.response.writeHead(status, headers).end(body)
  return { status }
}

/** Writes an answer that a policy gave outside MCP. */
export function sendHttpReply(exchange: HttpExchange, reply: HttpReply): AnswerOutcome {
  const headers = [...exchange.responseHeaders, 'x-request-id', exchange.requestId]
  for (const [name, value] of Object.entries(reply.headers ?? {})) headers.push(name, value)
  exchange.response.writeHead(reply.status, headers).end(reply.body)
  return { status: reply.status }
}

/** Writes an error before anything else was sent: JSON-RPC for a POST, problem details for other methods. */
export function sendError(exchange: HttpExchange, error: GatewayError, id: string | number | undefined): void {
  const rendered = renderError(error, exchange.httpMethod === 'POST' ? 'json-rpc' : 'problem', exchange.requestId, id)
  const body = Buffer.from(rendered.body)
  const headers = exchange.responseHeaders
  headers.push('x-request-id', exchange.requestId, 'content-type', rendered.contentType)
  headers.push('content-length', String(body.length), 'cache-control', 'no-store')
  for (const [name, value] of Object.entries(error.details.headers ?? {})) headers.push(name, value)
  exchange.bytesOut = body.length
  exchange.response.writeHead(rendered.status, headers).end(exchange.httpMethod === 'HEAD' ? undefined : body)
}

/** The outcome of a refusal or failure. */
export function failed(error: GatewayError): AnswerOutcome {
  return { status: error.status, error, code: error.code }
}

/** What a JSON-RPC response says about how the call went. */
export function outcomeOf(response: JsonObject): Omit<AnswerOutcome, 'status'> {
  if (isJsonObject(response.error)) {
    return { code: typeof response.error.code === 'number' ? response.error.code : -32603 }
  }
  const { result } = response
  if (!isJsonObject(result)) return {}
  return { isError: result.isError === true, inputRequired: result.resultType === 'input_required' }
}
