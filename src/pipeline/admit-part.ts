import { GatewayError } from '../errors/gateway-error.ts'
import { forwardHeaders } from './forward-headers.ts'
import type { PartExchange } from './part-exchange.ts'
import type { Route } from './route.ts'
import { runRequestPhase } from './run-policies.ts'

/** The request phase, for a subject that the caller's route authenticated. Credentials for either route stay here. */
export async function admitPart(exchange: PartExchange, route: Route, caller: Route): Promise<void> {
  if (route.tenant !== undefined && exchange.tenant !== route.tenant) throw new GatewayError('tenant_mismatch')
  forwardHeaders(exchange, route)
  for (const withhold of [...caller.withhold, ...route.withhold]) withhold(exchange)
  if (await runRequestPhase(route.partPolicies, exchange)) {
    throw new GatewayError('gateway_error', { detail: `${route.name} has a policy that answers outside of MCP` })
  }
}
