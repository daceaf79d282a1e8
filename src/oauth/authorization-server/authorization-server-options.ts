import type { EventRecorder } from '../../analytics/event.ts'
import type { Clock } from '../../contracts/clock.ts'
import type { IdentityProvider } from '../../contracts/identity-provider.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { PreRegisteredClient } from '../../contracts/oauth-client.ts'
import type { SignInTokenStore } from '../../contracts/sign-in-tokens.ts'
import type { OAuthRecords, SealedValues } from '../../contracts/storage.ts'
import type { UpstreamLinks } from '../../contracts/upstream-links.ts'
import type { Vault } from '../../contracts/vault.ts'
import type { SignInSettings, VirtualServerDirectory } from '../../contracts/virtual-server.ts'
import type { FetchDocument } from '../../http/fetch-document.ts'
import type { RequestLimits } from '../../http/limit-requests.ts'
import type { LimitedKind } from './request-limits.ts'

/** What the authorization server is made of. Functions are read at every use, so that a reload takes effect. */
export interface AuthorizationServerOptions {
  /** Issuer and origin of every absolute URL, without trailing slash. */
  readonly publicUrl: string
  readonly basePath: string
  readonly records: OAuthRecords
  readonly sealed: SealedValues
  readonly vault: Vault
  readonly virtualServers: VirtualServerDirectory
  readonly settings: () => SignInSettings
  readonly recorder: EventRecorder
  readonly log: Logger
  readonly fetchDocument: FetchDocument
  /** Where people sign in; absent, or undefined, with dev login. */
  readonly identityProvider?: (() => IdentityProvider | undefined) | undefined
  /** Where the provider's tokens are kept; absent, or undefined, while nothing exchanges them. */
  readonly signInTokens?: (() => SignInTokenStore | undefined) | undefined
  /** What is left to connect, for the consent page; absent: no virtual server needs a connection. */
  readonly upstreamLinks?: UpstreamLinks | undefined
  /** A grant ended, by its client or because a stolen copy of a token was used. */
  readonly onGrantRevoked?: ((grantId: string) => void) | undefined
  /** Clients that the project declares. */
  readonly clients?: (() => readonly PreRegisteredClient[]) | undefined
  readonly clock?: Clock | undefined
  readonly requestLimits?: Partial<Record<LimitedKind, RequestLimits>> | undefined
}
