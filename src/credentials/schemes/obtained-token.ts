import type { Clock } from '../../contracts/clock.ts'
import type { UpstreamCredential } from '../../contracts/credential.ts'
import type { CredentialScheme } from '../../contracts/credential-scheme.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { Lru } from '../../lib/lru.ts'
import type { TokenSet } from '../token-endpoint.ts'

/** A token that the gateway can ask for whenever it needs one, so nothing of it is stored. */
export interface ObtainableToken {
  /** Whose token it is, e.g. tenant and subject: two calls with the same key are given the same token. */
  readonly keyOf: (exchange: Exchange) => string
  /** Asks for one; with a refusal, `Retry-After` may be among its headers. */
  readonly request: (exchange: Exchange) => Promise<TokenSet | GatewayError>
  readonly clock: Clock
}

interface Outcome {
  readonly value: UpstreamCredential | GatewayError
  /** Milliseconds since the epoch. */
  readonly untilMs: number
}

const mostOutcomes = 10_000
/** No token is used in its last seconds, or its last fifth: it could end on its way. */
const marginMs = 30_000
/** An authorization server that is down is not asked by every call. */
const pauseMs = 1000
const longestPauseMs = 5 * 60_000

/** Presents a token that needs nobody's browser, and keeps it in memory until shortly before its end. */
export function presentObtainedToken({ keyOf, request, clock }: ObtainableToken): CredentialScheme {
  const outcomes = new Lru<string, Outcome>(mostOutcomes)
  const running = new Map<string, Promise<Outcome['value']>>()
  let generation = 0

  async function ask(key: string, exchange: Exchange): Promise<Outcome['value']> {
    const token = await request(exchange)
    const outcome =
      token instanceof GatewayError
        ? { value: token, untilMs: clock() + pauseOf(token) }
        : { value: credentialOf(token, key, ++generation), untilMs: endOf(token, clock()) }
    outcomes.set(key, outcome)
    return outcome.value
  }

  function present(exchange: Exchange): Outcome['value'] | Promise<Outcome['value']> {
    const key = keyOf(exchange)
    const known = outcomes.get(key)
    if (known !== undefined && clock() < known.untilMs) return known.value
    const asked = running.get(key) ?? ask(key, exchange).finally(() => running.delete(key))
    running.set(key, asked)
    return asked
  }

  return {
    obtain: present,
    async renew(used, { status, afterRenewal }, exchange) {
      if (afterRenewal) return new GatewayError('upstream_unauthorized', { detail: 'a new token is refused as well' })
      // Another token of the same client would have the same scopes.
      if (status === 403) return new GatewayError('upstream_unauthorized', { detail: 'the token lacks a scope' })
      const key = keyOf(exchange)
      const known = outcomes.get(key)?.value
      if (known === used) outcomes.delete(key)
      return present(exchange)
    },
  }
}

function credentialOf({ accessToken }: TokenSet, key: string, generation: number): UpstreamCredential {
  return { headers: [['authorization', `Bearer ${accessToken}`]], identity: key, generation }
}

/** A token whose lifetime nobody told holds until the upstream refuses it. */
function endOf({ expiresAtMs }: TokenSet, nowMs: number): number {
  if (expiresAtMs === undefined) return Number.POSITIVE_INFINITY
  return expiresAtMs - Math.min(marginMs, (expiresAtMs - nowMs) / 5)
}

function pauseOf({ details }: GatewayError): number {
  const seconds = Number(details.headers?.['retry-after'])
  return seconds > 0 ? Math.min(seconds * 1000, longestPauseMs) : pauseMs
}
