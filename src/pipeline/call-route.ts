import type { BufferedAnswer, McpAnswer, RouteAnswer, RouteCall, RouteCaller } from '../contracts/handler.ts'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import type { CacheKey } from '../mcp/catalog-cache.ts'
import { isSharedMode } from '../mcp/known-catalogs.ts'
import { createKnownAnswer } from '../mcp/own-answer.ts'
import { admitPart } from './admit-part.ts'
import { type AnswerOutcome, failed } from './answer-outcome.ts'
import { askHandler } from './ask-handler.ts'
import { cacheKeyOf } from './cache-key-of.ts'
import { PartExchange } from './part-exchange.ts'
import { recordExchange } from './record-exchange.ts'
import type { PipelineHost, Route } from './route.ts'
import { endRouteSession, openRouteStream } from './route-session.ts'
import { runMessagePhase } from './run-policies.ts'
import { inspectResponse, needsShaping, shapeResult } from './shape-result.ts'
import { shapeStream } from './shape-stream.ts'

/** Lets the handler of the route `own` ask routes; `routes` may still be filled. */
export function createRouteCaller(own: string, routes: ReadonlyMap<string, Route>, host: PipelineHost): RouteCaller {
  const find = (name: string): readonly [route: Route, caller: Route] => {
    const route = routes.get(name)
    const caller = routes.get(own)
    if (route !== undefined && caller !== undefined) return [route, caller]
    throw new GatewayError('gateway_error', { detail: `there is no route ${name}` })
  }
  return {
    ask: async (call) => askRoute(call, ...find(call.route), host),
    hasStream: (name) => routes.get(name)?.hasStream ?? false,
    openStream: async (session) => openRouteStream(session, ...find(session.route), host),
    endSession: async (session) => endRouteSession(session, ...find(session.route), host),
  }
}

/** What is known of one call while it runs. */
export interface RunningCall {
  readonly call: RouteCall
  readonly exchange: PartExchange
  readonly route: Route
  readonly host: PipelineHost
  /** Ends the call for its event. */
  readonly finish: (outcome: AnswerOutcome) => void
}

async function askRoute(
  call: RouteCall,
  route: Route,
  caller: Route,
  host: PipelineHost,
): Promise<RouteAnswer | GatewayError> {
  const exchange = new PartExchange(call, route)
  const finish = (outcome: AnswerOutcome) => {
    if (route !== caller) recordExchange(exchange, route, call.message, outcome, host.recorder)
  }
  const cancel = () => exchange.cancel()
  call.signal?.addEventListener('abort', cancel, { once: true })
  try {
    if (route !== caller) await admitPart(exchange, route, caller)
    const answer = await answerPart({ call, exchange, route, host, finish })
    return { answer, sessionId: exchange.givenSession, isPersonal: isPersonal(route) || caller.resultVaries }
  } catch (thrown) {
    const error = call.signal?.aborted
      ? new GatewayError('upstream_timeout', { detail: 'it did not answer in the time that the aggregate gives it' })
      : asGatewayError(thrown)
    if (error.reason === 'gateway_error') {
      host.log.error({ requestId: exchange.requestId, route: route.name, err: error }, 'unexpected error')
    }
    finish(failed(error))
    return error
  }
}

function isPersonal({ resultVaries, credentialMode }: Route): boolean {
  return resultVaries || (credentialMode !== undefined && !isSharedMode(credentialMode))
}

/** Message phase, cache, handler and result phase. */
export async function answerPart(running: RunningCall): Promise<McpAnswer> {
  const { call, exchange, route, finish } = running
  const { message } = call
  const reply = route.handler.ownsTool?.(message)
    ? undefined
    : await runMessagePhase(route.messagePolicies, message, exchange)
  if (reply) {
    finish({ status: 200, error: reply.refusal })
    return createKnownAnswer(message, reply.result, reply.refusal)
  }
  const key = await cacheKeyOf(message, exchange, route)
  const cached = key && message.id !== undefined ? route.cache.answer(key, message.id) : undefined
  if (cached) {
    exchange.cached = true
    exchange.addStep('cache', '', 'answered')
    exchange.bytesOut = cached.length
    finish({ status: 200 })
    return { kind: 'json', status: 200, body: cached, headers: {}, upstreamMs: 0 }
  }
  const answer = await askHandler(message, exchange, route)
  return answer.kind === 'stream'
    ? shapeStream(answer, { message, exchange, route, host: running.host, key, finish })
    : shapeBuffered(answer, key, running)
}

async function shapeBuffered(
  answer: BufferedAnswer,
  key: CacheKey | undefined,
  { call: { message }, exchange, route, host, finish }: RunningCall,
): Promise<McpAnswer> {
  const { status, refusal: error } = answer
  if (message.kind !== 'request') {
    finish({ status, error })
    return answer
  }
  if (answer.isOwn === true || !needsShaping(message, route, key)) {
    exchange.bytesOut = answer.body.length
    finish({ ...inspectResponse(answer.body, message), status, error })
    return answer
  }
  const shaped = await shapeResult(answer.body, message, exchange, route, host, key)
  exchange.bytesOut = shaped.body.length
  finish({ ...shaped.outcome, status, error })
  return { ...answer, body: shaped.body }
}
