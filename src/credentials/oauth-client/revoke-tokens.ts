import type { UpstreamSettings } from '../../contracts/upstream.ts'
import type { OAuthCredential } from '../connections.ts'
import type { UpstreamDiscovery } from './discover-upstream.ts'
import { isSameIssuer } from './same-issuer.ts'
import { sendForm } from './token-request.ts'
import type { UpstreamClientStore } from './upstream-client.ts'
import type { OpenDoor } from './upstream-door.ts'

/**
 * Revokes the tokens of a connection where they came from (RFC 7009 §2), the refresh token first: with it servers end the whole grant.
 * False when there is no revocation, or the server answered otherwise; the upstream may have another server by now, which is told nothing.
 */
export async function revokeTokens(
  host: { readonly openDoor: OpenDoor; readonly discovery: UpstreamDiscovery; readonly clients: UpstreamClientStore },
  upstream: UpstreamSettings,
  tenant: string,
  { issuer, tokenEndpoint, clientId, clientAuthMethod: authMethod, refreshToken, accessToken }: OAuthCredential,
): Promise<boolean> {
  const { openDoor, discovery, clients } = host
  const found = await discovery.find(upstream)
  const endpoint = found.server.revocationEndpoint
  if (!isSameIssuer(found.issuer, issuer) || endpoint === undefined) return false
  const client = await clients.find({ tenant, upstream, issuer, clientId, authMethod })
  if (client === undefined) return false
  const revoke = async (token: string, hint: 'refresh_token' | 'access_token') => {
    const parameters = { token, token_type_hint: hint }
    return (await sendForm(openDoor, { upstream, tokenEndpoint, client }, parameters, endpoint)).ok
  }
  const isRevoked = refreshToken === undefined || (await revoke(refreshToken, 'refresh_token'))
  return (await revoke(accessToken, 'access_token')) && isRevoked
}
