import type { CredentialScheme, CredentialSchemes } from '../../contracts/credential-scheme.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { presentNothing } from './mtls.ts'

/** What each mode does. */
export function createSchemes(): CredentialSchemes {
  return {
    'user-oauth': unavailable,
    'shared-oauth': unavailable,
    'user-api-key': unavailable,
    'shared-api-key': unavailable,
    'client-credentials': unavailable,
    'token-exchange': unavailable,
    'id-jag': unavailable,
    mtls: () => presentNothing,
  }
}

function unavailable(): CredentialScheme {
  const refusal = new GatewayError('credential_missing')
  return { obtain: () => refusal, renew: async () => refusal }
}
