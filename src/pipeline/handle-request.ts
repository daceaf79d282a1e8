import type { McpMessage } from '../contracts/mcp.ts'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import { checkHost } from '../http/check-host.ts'
import { corsHeaders, preflightHeaders } from '../http/cors.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { answerBatch } from './answer-batch.ts'
import { type AnswerOutcome, failed } from './answer-outcome.ts'
import { allowedMethods, answerSession } from './answer-session.ts'
import { askHandler } from './ask-handler.ts'
import { BatchedMessages } from './batched-messages.ts'
import { cacheKeyOf } from './cache-key-of.ts'
import { forwardHeaders } from './forward-headers.ts'
import { RefusedMessage, readIdOnly, receiveMessage } from './receive-message.ts'
import { recordExchange } from './record-exchange.ts'
import type { PipelineHost, Route } from './route.ts'
import { runMessagePhase, runRequestPhase } from './run-policies.ts'
import { sendAnswer, sendBuffer, sendError, sendHttpReply } from './send-answer.ts'
import { ServedElsewhere } from './served-elsewhere.ts'

/**
 * The whole life of one request to a route, from its headers to its event, unless another process of the gateway answers it, and records it.
 * Never throws.
 */
export async function handleRequest(exchange: HttpExchange, route: Route, host: PipelineHost): Promise<void> {
  let message: McpMessage | undefined
  let outcome: AnswerOutcome | undefined
  try {
    if (host.relay && (await host.relay.passSession(exchange))) return
    admit(exchange, route, host)
    if (exchange.httpMethod === 'OPTIONS') {
      sendPreflight(exchange, route)
      return
    }
    forwardHeaders(exchange, route)
    const reply = await runRequestPhase(route.requestPolicies, exchange)
    if (reply) outcome = sendHttpReply(exchange, reply)
    else if (host.relay && route.place && (await host.relay.passPlaced(exchange, route.place))) return
    else if (exchange.httpMethod !== 'POST') outcome = await answerSession(exchange, route, host)
    else {
      const received = await receiveMessage(exchange, host)
      exchange.addStep('body', '', 'passed')
      if (received instanceof BatchedMessages) outcome = await answerBatch(received, exchange, route, host)
      else {
        if (host.relay && (await host.relay.passRound(exchange, received))) return
        message = route.handler.unwrapMessage?.(received) ?? received
        if (message.era === 'modern') exchange.cancelOnDisconnect()
        outcome = await answerMessage(message, exchange, route, host)
      }
    }
  } catch (thrown) {
    const error = thrown instanceof ServedElsewhere ? await host.relay?.passClaimed(exchange, thrown, message) : thrown
    if (error === undefined) return
    outcome = await refuse(error, exchange, message, host)
  }
  recordExchange(exchange, route, message, outcome, host.recorder)
}

const longestShownOrigin = 260

/** Host and Origin are checked before anything else; neither may be answered by a policy. */
function admit(exchange: HttpExchange, route: Route, host: PipelineHost): void {
  const refusal = checkHost(exchange.headers, host.allowedHosts)
  if (refusal) throw refusal
  const { origin } = exchange.headers
  if (origin === undefined) return
  if (!route.origins.isAllowed(origin))
    throw new GatewayError('origin_not_allowed', { detail: `Origin: ${origin.slice(0, longestShownOrigin)}` })
  exchange.responseHeaders.push(...corsHeaders(route.origins, origin))
}

function sendPreflight(exchange: HttpExchange, route: Route): void {
  const { origin } = exchange.headers
  const headers =
    origin === undefined ? ['allow', allowedMethods(route)] : preflightHeaders(route.origins, origin, exchange.headers)
  exchange.response.writeHead(204, headers).end()
}

/** Message phase, cache, handler, result phase, and the bytes of the answer. */
async function answerMessage(
  message: McpMessage,
  exchange: HttpExchange,
  route: Route,
  host: PipelineHost,
): Promise<AnswerOutcome> {
  const reply = route.handler.ownsTool?.(message)
    ? undefined
    : await runMessagePhase(route.messagePolicies, message, exchange)
  if (reply) {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: reply.result }))
    return { ...sendBuffer(exchange, 200, body, host), error: reply.refusal }
  }
  const keyed = cacheKeyOf(message, exchange, route)
  const key = keyed instanceof Promise ? await keyed : keyed
  const cached = key && message.id !== undefined ? route.cache.answer(key, message.id) : undefined
  if (cached) {
    exchange.cached = true
    exchange.addStep('cache', '', 'answered')
    return sendBuffer(exchange, 200, cached, host)
  }
  exchange.response.once('close', () => {
    if (!exchange.response.writableFinished) exchange.disconnect()
  })
  const answer = await askHandler(message, exchange, route)
  return sendAnswer(answer, message, exchange, route, host, key)
}

async function refuse(
  thrown: unknown,
  exchange: HttpExchange,
  message: McpMessage | undefined,
  host: PipelineHost,
): Promise<AnswerOutcome> {
  const error = asGatewayError(thrown instanceof RefusedMessage ? thrown.refusal : thrown)
  if (error.reason === 'gateway_error') {
    host.log.error({ requestId: exchange.requestId, route: exchange.routeName, err: error }, 'unexpected error')
  }
  let id = thrown instanceof RefusedMessage ? thrown.id : message?.id
  // A limit may refuse before the body is read; who asks again wants to know which request it was.
  if (error.status === 429 && message === undefined && exchange.httpMethod === 'POST')
    id = await readIdOnly(exchange, host)
  sendError(exchange, error, id)
  return failed(error)
}
