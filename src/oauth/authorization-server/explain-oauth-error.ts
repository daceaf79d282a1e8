import { GatewayError } from '../../errors/gateway-error.ts'
import type { ReasonCode } from '../../errors/reasons.ts'

/** What an error of the provider carries. */
export interface ProviderError {
  readonly name?: string | undefined
  readonly error_description?: string | undefined
  readonly error_detail?: string | undefined
  readonly cause?: unknown
}

const byName: { readonly [name: string]: ReasonCode } = {
  SessionNotFound: 'grant_expired',
  InvalidClientMetadata: 'client_metadata_invalid',
  InvalidRedirectUri: 'client_redirect_invalid',
  InvalidTarget: 'grant_target_invalid',
  AccessDenied: 'grant_refused',
  InvalidGrant: 'grant_invalid',
}

/** The documented reason behind an error of the provider. */
export function explainOAuthError(error: ProviderError): ReasonCode {
  if (error.name === 'InvalidClient') {
    if (error.cause instanceof GatewayError) return error.cause.reason
    return error.error_description?.includes('metadata document') ? 'client_metadata_unreachable' : 'client_unknown'
  }
  if (error.name === 'InvalidClientAuth') {
    return error.error_detail?.includes('not found') ? 'client_unknown' : 'client_unauthenticated'
  }
  const named = byName[error.name ?? '']
  if (named !== undefined) return named
  return 'error_detail' in error || isOAuthError(error) ? 'grant_request_invalid' : 'gateway_error'
}

/** Errors of the provider name themselves by their OAuth code; anything else is a bug. */
function isOAuthError(error: ProviderError): boolean {
  return 'error' in error && 'statusCode' in error
}
