import type { IdentityProviderSettings } from '../../src/contracts/identity-provider.ts'
import { createIdentityProviders } from '../../src/identity/identity-providers.ts'
import { Secret } from '../../src/lib/secret.ts'
import { type RunningAuthorizationServer, type StartOptions, startAuthorizationServer } from './authorization-server.ts'
import {
  type IdentityProviderSetup,
  idpClientSecret,
  startIdentityProvider,
  type TestIdentityProvider,
} from './identity-provider.ts'

/** An authorization server whose people sign in at a real identity provider. */
export interface FederatedServer {
  readonly running: RunningAuthorizationServer
  readonly idp: TestIdentityProvider
  /** Changes what the gateway is told about the provider, as a reload would. */
  configure(changes: Partial<IdentityProviderSettings>): void
  close(): Promise<void>
}

/** People of the company and of others. */
export const people: IdentityProviderSetup['people'] = {
  ada: {
    name: 'Ada Lovelace',
    email: 'ada@example.com',
    email_verified: true,
    hd: 'example.com',
    tid: 'tenant-1',
    oid: 'object-ada',
    roles: ['admin', 'reader'],
    groups: ['engineering'],
    realm_access: { roles: ['realm-admin'] },
  },
  mallory: {
    name: 'Mallory',
    email: 'mallory@evil.example',
    email_verified: true,
    hd: 'evil.example',
    tid: 'tenant-9',
  },
  eve: { name: 'Eve', email: 'eve@example.com', email_verified: false },
}

/** Starts both. */
export async function startFederatedServer(
  options: Pick<StartOptions, 'clock' | 'page'> = {},
): Promise<FederatedServer> {
  const idp = await startIdentityProvider(people)
  let settings = describeProvider(idp.issuer)
  const find = createIdentityProviders({ allowLoopbackHttp: true, clock: options.clock })
  const running = await startAuthorizationServer({ ...options, identityProvider: () => find(settings) })
  running.settings.devLogin = false
  await idp.configure({ redirectUri: `${running.url}/oauth/callback` })
  return {
    running,
    idp,
    configure: (changes) => void (settings = { ...settings, ...changes }),
    close: async () => {
      await running.close()
      await idp.stop()
    },
  }
}

/** The client `gateway` of the test provider. */
export function describeProvider(issuer: string): IdentityProviderSettings {
  return {
    issuer,
    authorizationUrl: undefined,
    tokenUrl: undefined,
    jwksUrl: undefined,
    clientId: 'gateway',
    clientSecret: new Secret(idpClientSecret),
    clientAuthentication: undefined,
    scope: 'openid profile email',
    authorizationParameters: {},
    accountPrompt: 'login',
    remoteTimeoutMs: 5000,
    subjectClaims: ['sub'],
    claims: { roles: ['roles'], groups: ['groups'], tenant: ['tid'] },
    allow: {},
    userInfo: true,
  }
}
