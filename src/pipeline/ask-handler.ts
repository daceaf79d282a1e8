import type { McpAnswer } from '../contracts/handler.ts'
import type { McpMessage } from '../contracts/mcp.ts'
import { asGatewayError, GatewayError } from '../errors/gateway-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import type { Route } from './route.ts'
import { ServedElsewhere } from './served-elsewhere.ts'
import { propagateTrace } from './trace-message.ts'

/** Has the handler of the route answer. Throws what it refuses with. */
export async function askHandler(message: McpMessage, exchange: HttpExchange, route: Route): Promise<McpAnswer> {
  propagateTrace(message, exchange, route.tracing)
  try {
    const answer = await route.handler.handleMessage(message, exchange)
    if (answer instanceof GatewayError) throw answer
    exchange.upstreamMs = answer.upstreamMs
    noteAnswer(answer, exchange)
    return answer
  } catch (thrown) {
    if (!(thrown instanceof ServedElsewhere)) noteFailure(asGatewayError(thrown), exchange)
    throw thrown
  }
}

function noteAnswer(answer: McpAnswer, exchange: HttpExchange): void {
  const { refusal, isOwn } = answer.kind === 'json' ? answer : noOwnAnswer
  if (refusal) exchange.addStep('upstream', '', 'refused', refusal.reason)
  else exchange.addStep('upstream', '', 'answered', isOwn === true ? 'by the gateway' : undefined)
}

const noOwnAnswer = { refusal: undefined, isOwn: false }

function noteFailure(error: GatewayError, exchange: HttpExchange): void {
  exchange.addStep('upstream', '', error.declaration.origin === 'client' ? 'refused' : 'failed', error.reason)
}
