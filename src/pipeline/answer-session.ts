import { GatewayError } from '../errors/gateway-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { claimsModern, isServedVersion } from '../mcp/protocol-versions.ts'
import type { AnswerOutcome } from './answer-outcome.ts'
import type { PipelineHost, Route } from './route.ts'
import { sendSessionStream } from './send-session-stream.ts'

/** Methods that the route answers, for the `Allow` header. */
export function allowedMethods({ hasStream, handler }: Route): string {
  if (!hasStream) return 'POST'
  return ['POST', ...(handler.openStream ? ['GET'] : []), ...(handler.endSession ? ['DELETE'] : [])].join(', ')
}

/**
 * GET and DELETE of a client of an older revision (2025-11-25 §transport): the stream of its session, and the end of it. 2026-07-28 has
 * neither. Throws the refusal.
 */
export async function answerSession(exchange: HttpExchange, route: Route, host: PipelineHost): Promise<AnswerOutcome> {
  const { handler, hasStream } = route
  const { headers } = exchange
  const version = headers['mcp-protocol-version']
  const isModern = typeof version === 'string' && claimsModern(version)
  const isStream = exchange.httpMethod === 'GET' && handler.openStream !== undefined
  const isEnd = exchange.httpMethod === 'DELETE' && handler.endSession !== undefined
  if (!hasStream || isModern || !(isStream || isEnd)) {
    throw new GatewayError('method_not_allowed', { headers: { allow: isModern ? 'POST' : allowedMethods(route) } })
  }
  if (version !== undefined && !isServedVersion('legacy', String(version))) {
    throw new GatewayError('message_version_unsupported')
  }
  return isStream ? openStream(exchange, route, host) : endSession(exchange, route)
}

async function openStream(exchange: HttpExchange, route: Route, host: PipelineHost): Promise<AnswerOutcome> {
  const { accept } = exchange.headers
  if (accept !== undefined && !accept.includes('text/event-stream') && !accept.includes('*/*')) {
    throw new GatewayError('message_not_acceptable', { message: 'Accept text/event-stream.' })
  }
  const giveBack = route.streamSlots.take(exchange.subject?.id ?? exchange.clientAddress)
  if (giveBack === undefined) throw new GatewayError('limit_streams_exceeded', { headers: { 'retry-after': '60' } })
  try {
    return await relayStream(exchange, route, host)
  } finally {
    giveBack()
  }
}

async function relayStream(exchange: HttpExchange, route: Route, host: PipelineHost): Promise<AnswerOutcome> {
  // Nothing is lost with a stream that nobody reads.
  exchange.cancelOnDisconnect()
  exchange.response.once('close', () => exchange.disconnect())
  // Whoever left while a policy waited is not told of again.
  if (exchange.response.destroyed) exchange.disconnect()
  const answer = await route.handler.openStream?.(exchange)
  if (answer === undefined || answer instanceof GatewayError) throw answer ?? new GatewayError('method_not_allowed')
  if (!exchange.clientGone) return sendSessionStream(answer, exchange, route, host)
  answer.cancel()
  throw new GatewayError('request_cancelled')
}

async function endSession(exchange: HttpExchange, route: Route): Promise<AnswerOutcome> {
  if (exchange.headers['mcp-session-id'] === undefined) {
    throw new GatewayError('message_invalid', { message: 'Mcp-Session-Id is missing: there is nothing to end.' })
  }
  const refusal = await route.handler.endSession?.(exchange)
  if (refusal) throw refusal
  const headers = [...exchange.responseHeaders, 'x-request-id', exchange.requestId]
  exchange.response.writeHead(204, headers).end()
  return { status: 204 }
}
