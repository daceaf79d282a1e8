import type { Clock } from '../contracts/clock.ts'
import type { IdentityProvider, IdentityProviderSettings } from '../contracts/identity-provider.ts'
import { createCallAuthorizationServer } from '../http/call-authorization-server.ts'
import { createFederatedSignIn } from './federated-sign-in.ts'

/** How the identity providers of a gateway are reached. */
export interface IdentityProvidersOptions {
  /** Plain http to providers on loopback, for development. */
  readonly allowLoopbackHttp: boolean
  readonly clock?: Clock | undefined
}

/** The identity provider of some settings: one for as long as the settings live, so that its metadata is read once. */
export function createIdentityProviders(
  options: IdentityProvidersOptions,
): (settings: IdentityProviderSettings) => IdentityProvider {
  const providers = new WeakMap<IdentityProviderSettings, IdentityProvider>()
  return (settings) => {
    const known = providers.get(settings)
    if (known !== undefined) return known
    const { allowLoopbackHttp, clock } = options
    const call = createCallAuthorizationServer({
      unreachable: 'identity_provider_unreachable',
      trustedHosts: listTrustedHosts(settings),
      allowLoopbackHttp,
    })
    const provider = createFederatedSignIn({ settings, call, clock })
    providers.set(settings, provider)
    return provider
  }
}

function listTrustedHosts({ issuer, tokenUrl, jwksUrl }: IdentityProviderSettings): ReadonlySet<string> {
  const hosts = [issuer, tokenUrl, jwksUrl].map((url) => (url === undefined ? undefined : URL.parse(url)?.host))
  return new Set(hosts.filter((host) => host !== undefined))
}
