import type { Authentication } from '../contracts/authentication.ts'
import type { Subject } from '../contracts/subject.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { HttpExchange } from '../http/exchange.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { NamedPolicy, RequestStep } from './route.ts'

type NamedAuthentication = NamedPolicy & { readonly policy: { readonly authentication: Authentication } }

/**
 * Request-phase steps of a route: all of its authentication policies become one step, at the place of the first. Subjects of another
 * tenant than that of the route, if it has one, are refused there, whatever their credential.
 */
export function joinAuthentication(policies: readonly NamedPolicy[], tenant?: string): readonly RequestStep[] {
  const ways = policies.filter((entry): entry is NamedAuthentication => entry.policy.authentication !== undefined)
  const first = ways[0]
  return policies.flatMap((entry): RequestStep[] => {
    if (entry === first) return [{ name: entry.name, policy: createAuthenticationStep(ways, tenant) }]
    return isRequestStep(entry) ? [entry] : []
  })
}

/** Request-phase steps for somebody who was authenticated already. */
export function withoutAuthentication(policies: readonly NamedPolicy[]): readonly RequestStep[] {
  return policies.filter(isRequestStep)
}

function isRequestStep(entry: NamedPolicy): entry is NamedPolicy & RequestStep {
  return entry.policy.onRequest !== undefined && entry.policy.authentication === undefined
}

/** The rule of precedence, once for every authentication policy. No promise where none of them needs one. */
function createAuthenticationStep(
  ways: readonly NamedAuthentication[],
  tenant: string | undefined,
): RequestStep['policy'] {
  const admit = (outcome: Subject | GatewayError, exchange: HttpExchange, way: NamedAuthentication) => {
    if (outcome instanceof GatewayError) return outcome
    if (tenant !== undefined && outcome.tenant !== tenant) return refuseTenant(exchange, way)
    exchange.subject = outcome
    for (const { policy } of ways) policy.authentication.withhold?.(exchange)
    return undefined
  }
  const askFrom = (start: number, exchange: HttpExchange): MaybePromise<GatewayError | undefined> => {
    for (let index = start; index < ways.length; index++) {
      const way = ways[index] as NamedAuthentication
      exchange.policy = way.name
      const outcome = way.policy.authentication.authenticate(exchange)
      if (outcome instanceof Promise) {
        return outcome.then((settled) => (settled ? admit(settled, exchange, way) : askFrom(index + 1, exchange)))
      }
      if (outcome !== undefined) return admit(outcome, exchange, way)
    }
    return refuseOrPass(ways, exchange)
  }
  return { onRequest: (exchange) => askFrom(0, exchange) }
}

/**
 * With the challenge of the policy that knew the credential: where people sign in, another sign-in may lead to the right tenant. Whose
 * credential it is stays unsaid: the event is one of the tenant of the route.
 */
function refuseTenant(exchange: HttpExchange, { policy }: NamedAuthentication): GatewayError {
  return new GatewayError('tenant_mismatch', { headers: policy.authentication.refuse(exchange).details.headers })
}

function refuseOrPass(ways: readonly NamedAuthentication[], exchange: HttpExchange): GatewayError | undefined {
  const presented = ways.some(({ policy }) => policy.authentication.isPresented(exchange))
  if (!presented && ways.some(({ policy }) => policy.authentication.allowsAnonymous)) return undefined
  const refusing = ways.find(({ policy }) => policy.authentication.invitesSignIn) ?? ways.at(-1)
  exchange.policy = refusing?.name
  return refusing?.policy.authentication.refuse(exchange)
}
