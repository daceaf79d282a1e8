import type { ApiKeyRefusal, VerifiedApiKey } from '../../contracts/api-key.ts'
import type { Authentication } from '../../contracts/authentication.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { PolicyHost, PolicyType } from '../../contracts/policy.ts'
import type { Subject } from '../../contracts/subject.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { ReasonCode } from '../../errors/reasons.ts'
import { isApiKey, isIntactApiKey } from '../../identity/api-key.ts'
import { consumerSubject } from '../../identity/subject-id.ts'
import { realmChallenge } from '../../oauth/resource-server/challenge.ts'
import { carriesToken } from '../../oauth/resource-server/read-bearer-token.ts'
import { type ApiKeyOptions, apiKeyOptions } from './options.ts'

/** `api-key-inbound`: programs call with a key of a consumer. */
export const apiKeyInbound: PolicyType<ApiKeyOptions> = {
  type: 'api-key-inbound',
  exportName: 'ApiKeyInboundPolicy',
  summary: 'Admits programs that present an API key of the gateway, on behalf of the consumer it was made for.',
  options: apiKeyOptions,
  reasons: ['key_missing', 'key_invalid', 'key_expired', 'key_revoked', 'token_misplaced'],
  sendsNothingUpstream: true,
  authenticates: true,
  admitsAnonymous: (options) => options.allowUnauthenticatedRequests,
  create: (options, host) => ({ authentication: createAuthentication(options, host) }),
}

function createAuthentication(options: ApiKeyOptions, host: PolicyHost): Authentication {
  const { authHeader, tenant } = options
  const scheme = options.authScheme ?? (authHeader === 'authorization' ? 'Bearer' : '')
  const prefix = scheme === '' ? '' : `${scheme.toLowerCase()} `
  const maxAgeMs = options.cacheTtlSeconds * 1000
  const readHeader = ({ headers }: Exchange) => {
    const value = headers[authHeader]
    return typeof value === 'string' ? value : undefined
  }
  const settle = (outcome: VerifiedApiKey | ApiKeyRefusal, key: string) => {
    if (typeof outcome === 'string')
      return refuse(outcome, scheme, outcome === 'key_invalid' ? explain(key) : undefined)
    // Not whose it is: the event is one of this tenant.
    if (tenant !== undefined && outcome.consumer.tenant !== tenant)
      return refuse('key_invalid', scheme, 'the key belongs to another tenant')
    return toSubject(outcome)
  }
  return {
    allowsAnonymous: options.allowUnauthenticatedRequests,
    invitesSignIn: false,
    isPresented: (exchange) => readHeader(exchange) !== undefined,
    // Called for every request: no promise when the key was seen before.
    authenticate(exchange) {
      if (carriesToken(exchange.search)) return refuse('token_misplaced', scheme)
      const value = readHeader(exchange)
      if (value?.slice(0, prefix.length).toLowerCase() !== prefix) return undefined
      const key = value.slice(prefix.length).trim()
      if (!isApiKey(key)) return undefined
      const verified = host.apiKeys.verify(key, maxAgeMs)
      if (verified instanceof Promise) return verified.then((outcome) => settle(outcome, key))
      return settle(verified, key)
    },
    refuse(exchange) {
      if (readHeader(exchange) === undefined) return refuse('key_missing', scheme)
      return refuse('key_invalid', scheme, `${authHeader} holds no API key of this gateway`)
    },
  }
}

function toSubject({ id, consumer }: VerifiedApiKey): Subject {
  const { name, tenant, metadata } = consumer
  const { team } = metadata
  return {
    id: consumerSubject(name),
    tenant,
    ...(typeof team === 'string' && { team }),
    clientId: id,
    scopes: [],
    data: metadata,
    revocableId: id,
  }
}

function explain(key: string): string {
  return isIntactApiKey(key) ? 'the key was never issued here' : 'the checksum does not fit: mistyped or cut off'
}

type KeyReason = Extract<ReasonCode, `key_${string}` | 'token_misplaced'>

/** RFC 9110 §15.5.2: a 401 says which scheme is expected. */
function refuse(reason: KeyReason, scheme: string, detail?: string): GatewayError {
  const { message } = new GatewayError(reason)
  const code = reason === 'token_misplaced' ? 'invalid_request' : 'invalid_token'
  const error = reason === 'key_missing' ? undefined : { code, description: message }
  return new GatewayError(reason, {
    detail,
    headers: { 'www-authenticate': realmChallenge(scheme === '' ? 'ApiKey' : scheme, error) },
  })
}
