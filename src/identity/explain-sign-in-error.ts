import type * as OpenIdClient from 'openid-client'
import { GatewayError } from '../errors/gateway-error.ts'
import type { ReasonCode } from '../errors/reasons.ts'

/** Errors of the authorization endpoint (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6) that are about the person. */
const aboutThePerson = new Set([
  'access_denied',
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
])
const aboutTheGateway = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'invalid_request',
  'invalid_target',
  'unsupported_response_type',
  'unsupported_grant_type',
])
const passing = new Set(['server_error', 'temporarily_unavailable'])

/** The documented reason behind whatever went wrong between the gateway and an identity provider. */
export function explainSignInError(error: unknown, client: typeof OpenIdClient): GatewayError {
  const known = findGatewayError(error)
  if (known !== undefined) return known
  if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError) {
    const { error: code, error_description: description } = error
    return new GatewayError(reasonOf(code), { detail: `${code}: ${description ?? ''}`.slice(0, 300), cause: error })
  }
  if (error instanceof client.ClientError && error.code === 'OAUTH_RESPONSE_IS_NOT_CONFORM') {
    const { cause } = error
    const status = cause instanceof Response ? ` ${cause.status} from the provider` : ''
    return new GatewayError('identity_provider_unreachable', { detail: `${error.message}${status}`, cause: error })
  }
  return new GatewayError('identity_response_invalid', { detail: describe(error), cause: error })
}

function reasonOf(code: string): ReasonCode {
  if (aboutThePerson.has(code)) return 'identity_refused'
  if (aboutTheGateway.has(code)) return 'identity_provider_rejected'
  return passing.has(code) ? 'identity_provider_unreachable' : 'identity_response_invalid'
}

/** Ours lies below the wrapping of the library. */
function findGatewayError(error: unknown): GatewayError | undefined {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof GatewayError) return inner
    if (inner.name === 'TimeoutError')
      return new GatewayError('identity_provider_unreachable', { detail: 'no answer in time' })
  }
  return undefined
}

/** Messages of the library name rules and claims, never values. */
function describe(error: unknown): string {
  const messages: string[] = []
  for (let inner = error; inner instanceof Error; inner = inner.cause) messages.push(inner.message)
  return [...new Set(messages)].join(': ').slice(0, 300) || String(error)
}
