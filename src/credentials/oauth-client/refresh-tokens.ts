import { GatewayError } from '../../errors/gateway-error.ts'
import type { RefreshTokens } from '../token-endpoint.ts'
import type { RequestToken } from './token-request.ts'
import type { UpstreamClientStore } from './upstream-client.ts'

/**
 * Uses a refresh token (RFC 6749 §6) at the server that issued it, as the client it was issued to. Nobody else is asked, so that it takes no
 * longer than the token request; where the upstream changed its server meanwhile, its answer to the new token shows it.
 */
export async function refreshTokens(
  { requestToken, clients }: { readonly requestToken: RequestToken; readonly clients: UpstreamClientStore },
  { tenant, upstream, credential }: Parameters<RefreshTokens>[0],
): ReturnType<RefreshTokens> {
  const { issuer, clientId, clientAuthMethod: authMethod, refreshToken, resource, tokenEndpoint } = credential
  const endsWith = (detail: string) => new GatewayError('connection_reconsent_required', { detail })
  if (refreshToken === undefined) return endsWith('no refresh token was issued')
  const reference = { tenant, upstream, issuer, clientId, authMethod }
  const client = await clients.find(reference)
  if (client === undefined) return endsWith('the client that it was made with is not ours any more')
  const outcome = await requestToken({
    upstream,
    tokenEndpoint,
    client,
    parameters: { grant_type: 'refresh_token', refresh_token: refreshToken, resource: resourceOf(upstream, resource) },
    invalidGrant: 'connection_reconsent_required',
    refused: 'credential_refresh_refused',
  })
  if (!(outcome instanceof GatewayError) || outcome.reason !== 'credential_client_rejected') return outcome
  // A registration that is gone takes all of its tokens along; a client of the operator may be put right.
  return (await clients.reject(reference)) ? endsWith(outcome.details.detail ?? '') : outcome
}

/** As when it was connected, unless the operator turned it off since. */
function resourceOf({ oauth }: Parameters<RefreshTokens>[0]['upstream'], resource: string | undefined) {
  return oauth?.overrides.resource === 'omit' ? undefined : resource
}
