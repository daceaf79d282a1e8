import type { CredentialScheme, CredentialSchemes } from '../../contracts/credential-scheme.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { createConfiguredKey } from './configured-key.ts'
import { type ConnectionParts, ConnectionScheme } from './connection.ts'
import { presentNothing } from './mtls.ts'

/** What each mode does. */
export function createSchemes(parts: ConnectionParts): CredentialSchemes {
  return {
    'user-oauth': (upstream) => new ConnectionScheme({ kind: 'oauth', shared: false }, upstream, parts),
    'shared-oauth': (upstream) => new ConnectionScheme({ kind: 'oauth', shared: true }, upstream, parts),
    'user-api-key': (upstream) => new ConnectionScheme({ kind: 'api-key', shared: false }, upstream, parts),
    'shared-api-key': (upstream) =>
      upstream.apiKey?.value
        ? createConfiguredKey(upstream.apiKey.value, upstream.apiKey)
        : new ConnectionScheme({ kind: 'api-key', shared: true }, upstream, parts),
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
