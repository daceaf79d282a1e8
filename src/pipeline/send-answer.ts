import type { BufferedAnswer, McpAnswer } from '../contracts/handler.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import type { HttpReply } from '../contracts/policy.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { renderError } from '../errors/render-error.ts'
import { endAnswer } from '../http/end-answer.ts'
import type { HttpExchange } from '../http/exchange.ts'
import type { CacheKey } from '../mcp/catalog-cache.ts'
import type { AnswerOutcome } from './answer-outcome.ts'
import type { PipelineHost, Route } from './route.ts'
import { sendStream } from './send-stream.ts'
import { inspectResponse, needsShaping, shapeResult } from './shape-result.ts'

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
  if (message.kind !== 'request') return sendBuffer(exchange, 202, noBody, host)
  const { status, refusal: error } = answer
  if (answer.isOwn === true || !needsShaping(message, route, key)) {
    const outcome = inspectResponse(answer.body, message)
    sendBuffer(exchange, status, answer.body, host)
    return { ...outcome, status, error }
  }
  const shaped = await shapeResult(answer.body, message, exchange, route, host, key)
  sendBuffer(exchange, status, shaped.body, host)
  return { ...shaped.outcome, status, error }
}

const noBody = Buffer.alloc(0)

/** Writes a complete JSON answer. */
export function sendBuffer(exchange: HttpExchange, status: number, body: Buffer, host: PipelineHost): AnswerOutcome {
  const headers = exchange.responseHeaders
  headers.push('x-request-id', exchange.requestId, 'content-length', String(body.length))
  if (body.length > 0) headers.push('content-type', 'application/json')
  exchange.bytesOut = body.length
  exchange.response.writeHead(status, headers)
  // As a Latin-1 string, which maps every byte to itself, a small body leaves in one write together with the headers.
  if (body.length <= smallBodyBytes) endAnswer(exchange.response, body.toString('latin1'))
  else {
    // A client that does not read would keep the body in memory for as long as it likes.
    exchange.response.setTimeout(host.limits.upstreamIdleSeconds * 1000)
    exchange.response.end(body)
  }
  return { status }
}

const smallBodyBytes = 32 * 1024

/** Writes an answer that a policy gave outside MCP. */
export function sendHttpReply(exchange: HttpExchange, reply: HttpReply): AnswerOutcome {
  const headers = [...exchange.responseHeaders, 'x-request-id', exchange.requestId]
  for (const [name, value] of Object.entries(reply.headers ?? {})) headers.push(name, value)
  exchange.response.writeHead(reply.status, headers).end(reply.body)
  return { status: reply.status }
}

/** Writes an error: JSON-RPC for a POST, problem details for other methods. After a part of an answer it can only break off. */
export function sendError(exchange: HttpExchange, error: GatewayError, id: string | number | undefined): void {
  if (exchange.response.headersSent) {
    exchange.response.destroy()
    return
  }
  const rendered = renderError(error, exchange.httpMethod === 'POST' ? 'json-rpc' : 'problem', exchange.requestId, id)
  const body = Buffer.from(rendered.body)
  const headers = exchange.responseHeaders
  headers.push('x-request-id', exchange.requestId, 'content-type', rendered.contentType)
  headers.push('content-length', String(body.length), 'cache-control', 'no-store')
  for (const [name, value] of Object.entries(error.details.headers ?? {})) headers.push(name, value)
  exchange.bytesOut = body.length
  exchange.response.writeHead(rendered.status, headers).end(exchange.httpMethod === 'HEAD' ? undefined : body)
}
