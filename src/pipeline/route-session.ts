import type { EventStreamReader, RouteSession, StreamedAnswer } from '../contracts/handler.ts'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import { admitPart } from './admit-part.ts'
import { type AnswerOutcome, failed } from './answer-outcome.ts'
import { PartExchange } from './part-exchange.ts'
import { recordExchange } from './record-exchange.ts'
import type { PipelineHost, Route } from './route.ts'

/** The GET stream of a session with another route, for the handler of `caller`. An attempt that is refused is no event: it is made again. */
export async function openRouteStream(
  session: RouteSession,
  route: Route,
  caller: Route,
  host: PipelineHost,
): Promise<StreamedAnswer | GatewayError> {
  if (!route.hasStream || route.handler.openStream === undefined) return new GatewayError('method_not_allowed')
  const exchange = new PartExchange(session, route)
  try {
    await admitPart(exchange, route, caller)
    const answer = await route.handler.openStream(exchange)
    if (answer instanceof GatewayError) return answer
    return observe(answer, exchange, route, (outcome) => {
      recordExchange(exchange, route, undefined, outcome, host.recorder)
    })
  } catch (thrown) {
    return asGatewayError(thrown)
  }
}

/** DELETE of a session with another route; undefined when it ended. */
export async function endRouteSession(
  session: RouteSession,
  route: Route,
  caller: Route,
  host: PipelineHost,
): Promise<GatewayError | undefined> {
  if (!route.hasStream || route.handler.endSession === undefined) return new GatewayError('method_not_allowed')
  const exchange = new PartExchange(session, route)
  const record = (outcome: AnswerOutcome) => recordExchange(exchange, route, undefined, outcome, host.recorder)
  try {
    await admitPart(exchange, route, caller)
    const refusal = await route.handler.endSession(exchange)
    if (refusal) throw refusal
    record({ status: 204 })
    return undefined
  } catch (thrown) {
    const error = asGatewayError(thrown)
    record(failed(error))
    return error
  }
}

/** The same stream; what it announces empties the cache of its route, and its end is an event. */
function observe(
  source: StreamedAnswer,
  exchange: PartExchange,
  route: Route,
  record: (outcome: AnswerOutcome) => void,
): StreamedAnswer {
  let hasEnded = false
  const finish = (error?: Error) => {
    if (!hasEnded) record({ status: 200, ...(error && { error: asGatewayError(error) }) })
    hasEnded = true
  }
  const watch = (reader: EventStreamReader): EventStreamReader => ({
    onEvent(event) {
      exchange.bytesOut += event.length
      if (event.includes('list_changed')) route.cache.clear()
      return reader.onEvent(event)
    },
    onEnd(error) {
      finish(error)
      reader.onEnd(error)
    },
  })
  const { kind, status, headers, upstreamMs } = source
  return {
    kind,
    status,
    headers,
    upstreamMs,
    read: (reader) => source.read(watch(reader)),
    resume: () => source.resume(),
    cancel: () => {
      finish()
      source.cancel()
    },
  }
}
