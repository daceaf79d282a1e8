import type { CredentialScheme } from '../../contracts/credential-scheme.ts'
import type { ClientAuthentication, UpstreamClientCredentials, UpstreamSettings } from '../../contracts/upstream.ts'
import { asGatewayError, type GatewayError } from '../../errors/gateway-error.ts'
import type { TokenSet } from '../token-endpoint.ts'
import type { MachineParts } from './machine-parts.ts'
import { presentObtainedToken } from './obtained-token.ts'

/** `client-credentials`: the upstream sees the gateway itself (RFC 6749 §4.4). One token serves everybody. */
export function createClientCredentials(
  upstream: UpstreamSettings,
  settings: UpstreamClientCredentials,
  parts: MachineParts,
): CredentialScheme {
  return presentObtainedToken({
    keyOf: () => upstream.id,
    request: () => requestOwnToken(upstream, settings, parts),
    clock: parts.clock,
  })
}

async function requestOwnToken(
  upstream: UpstreamSettings,
  settings: UpstreamClientCredentials,
  parts: MachineParts,
): Promise<TokenSet | GatewayError> {
  const { scopes, audience } = settings
  try {
    const { tokenEndpoint, client, resource } = await findTokenEndpoint(upstream, settings, parts)
    return await parts.requestToken({
      upstream,
      tokenEndpoint,
      client,
      invalidGrant: 'credential_client_rejected',
      parameters: {
        grant_type: 'client_credentials',
        scope: scopes.length > 0 ? scopes.join(' ') : undefined,
        audience,
        resource,
      },
    })
  } catch (error) {
    return asGatewayError(error)
  }
}

async function findTokenEndpoint(
  upstream: UpstreamSettings,
  { tokenUrl, clientAuth, resource }: UpstreamClientCredentials,
  { discovery }: MachineParts,
): Promise<{ tokenEndpoint: string; client: ClientAuthentication; resource: string | undefined }> {
  // A server that the operator names may know nothing of `resource`, so only the operator can ask for it.
  if (tokenUrl !== undefined) return { tokenEndpoint: tokenUrl, client: clientAuth, resource }
  const found = await discovery.find(upstream)
  const { tokenEndpoint } = found.server
  return { tokenEndpoint, client: addressTo(found.issuer, clientAuth), resource: resource ?? found.resource }
}

/** An assertion that names the issuer is of use to nobody else; a token endpoint may be named by more than one server (RFC 7523 §3). */
function addressTo(issuer: string, client: ClientAuthentication): ClientAuthentication {
  return client.method === 'private_key_jwt' ? { ...client, audience: client.audience ?? issuer } : client
}
