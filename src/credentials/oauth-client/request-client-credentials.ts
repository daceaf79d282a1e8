import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { UpstreamDiscovery } from './discover-upstream.ts'
import type { IssuedToken } from './read-token-response.ts'
import type { RequestToken } from './token-request.ts'

/** A token of the gateway itself (RFC 6749 §4.4), at the configured token endpoint or where the upstream says. */
export async function requestClientCredentials(
  { requestToken, discovery }: { readonly requestToken: RequestToken; readonly discovery: UpstreamDiscovery },
  upstream: UpstreamSettings,
): Promise<IssuedToken | GatewayError> {
  const settings = upstream.clientCredentials
  if (settings === undefined) return new GatewayError('credential_missing', { detail: 'no client is configured' })
  const { tokenUrl, clientAuth: client, scopes, audience } = settings
  const found = tokenUrl === undefined ? await discovery.find(upstream) : undefined
  const outcome = await requestToken({
    upstream,
    tokenEndpoint: found?.server.tokenEndpoint ?? tokenUrl ?? '',
    client,
    parameters: {
      grant_type: 'client_credentials',
      scope: scopes.length === 0 ? undefined : scopes.join(' '),
      audience,
      resource: settings.resource ?? defaultResource(upstream, found?.resource),
    },
  })
  if (outcome instanceof GatewayError) discovery.forget(upstream)
  return outcome
}

function defaultResource({ oauth, url }: UpstreamSettings, published: string | undefined): string | undefined {
  const override = oauth?.overrides.resource ?? 'send'
  if (override === 'omit') return undefined
  return typeof override === 'object' ? override.value : (published ?? url)
}
