import type { CredentialScheme } from '../../contracts/credential-scheme.ts'
import { GatewayError } from '../../errors/gateway-error.ts'

/** The certificate of the connection is the credential, so no header is. */
export const presentNothing: CredentialScheme = {
  obtain: () => undefined,
  renew: async (_used, { status }) =>
    new GatewayError('upstream_unauthorized', { detail: `the upstream answered ${status} to the client certificate` }),
}
