import ipaddr from 'ipaddr.js'
import type { Exchange } from '../../contracts/exchange.ts'
import type { LimitVerdict } from '../../contracts/limiter.ts'
import type { Policy, PolicyHost, PolicyType } from '../../contracts/policy.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { type RateLimitOptions, rateLimitOptions } from './options.ts'

/** Limits how many requests a caller may make. Each policy of the project counts for itself, over all routes that use it. */
export const rateLimitInbound: PolicyType<RateLimitOptions> = {
  type: 'rate-limit-inbound',
  exportName: 'RateLimitInboundPolicy',
  summary: 'Limits how many requests a user, an address or everybody together may make in a window of time.',
  options: rateLimitOptions,
  reasons: ['limit_rate_exceeded', 'config_subject_missing'],
  sendsNothingUpstream: true,
  create: (options, host) => createRateLimit(options, host),
}

function createRateLimit(options: RateLimitOptions, host: PolicyHost): Policy {
  const { requestsAllowed, headerMode } = options
  const windowMs = options.timeWindowMinutes * 60_000
  const readKey = keyReaders[options.rateLimitBy]
  const prefix = JSON.stringify(host.policyName)
  const judge = (verdict: LimitVerdict) => (verdict.allowed ? undefined : refuse(verdict, headerMode))
  return {
    onRequest(exchange) {
      if (exchange.isAdmitted) return undefined
      const key = readKey(exchange)
      if (key === undefined) return refuseWithoutSubject(host.policyName)
      // One tenant must not use up what another may. No name of a tenant contains a blank.
      const verdict = host.limiter.take(`${prefix}${exchange.tenant} ${key}`, requestsAllowed, windowMs)
      return verdict instanceof Promise ? verdict.then(judge) : judge(verdict)
    },
  }
}

const keyReaders: { readonly [By in RateLimitOptions['rateLimitBy']]: (exchange: Exchange) => string | undefined } = {
  user: ({ subject }) => subject && `user ${subject.id}`,
  ip: ({ clientAddress }) => `ip ${readNetwork(clientAddress)}`,
  all: () => 'all',
}

/** One household or host holds a whole IPv6 network of 64 bits: counting its addresses one by one would limit nobody. */
function readNetwork(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString()
}

function refuse({ retryAfterSeconds }: LimitVerdict, headerMode: RateLimitOptions['headerMode']): GatewayError {
  if (headerMode === 'none') return new GatewayError('limit_rate_exceeded')
  return new GatewayError('limit_rate_exceeded', {
    headers: { 'retry-after': String(retryAfterSeconds) },
    data: { retryAfterSeconds },
  })
}

function refuseWithoutSubject(policyName: string): GatewayError {
  return new GatewayError('config_subject_missing', {
    detail: `Policy "${policyName}" limits by user, but no policy before it established one. Put the sign-in policy first, or set rateLimitBy to "ip".`,
  })
}
