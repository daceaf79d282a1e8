import type { CredentialScheme } from '../../contracts/credential-scheme.ts'
import type { UpstreamApiKey } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { sha256 } from '../../lib/hash.ts'
import type { Secret } from '../../lib/secret.ts'
import { presentKey } from '../present-credential.ts'

/** `shared-api-key` whose key is in the configuration: every call presents it, and only a new configuration replaces it. */
export function createConfiguredKey(key: Secret, where: UpstreamApiKey): CredentialScheme {
  const header = presentKey(key.reveal(), where)
  const credential = {
    headers: [header],
    identity: `configured.${sha256(`api-key ${header[1]}`).slice(0, 16)}`,
    generation: 1,
  }
  return {
    obtain: () => credential,
    renew: async (_used, { status }) =>
      new GatewayError('upstream_unauthorized', { detail: `the upstream answered ${status} to the configured key` }),
  }
}
