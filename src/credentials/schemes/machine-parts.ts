import type { Clock } from '../../contracts/clock.ts'
import type { SignInTokenStore } from '../../contracts/sign-in-tokens.ts'
import type { UpstreamDiscovery } from '../oauth-client/discover-upstream.ts'
import type { RequestToken } from '../oauth-client/token-request.ts'

/** What the modes share whose tokens nobody connects: no person takes part. */
export interface MachineParts {
  readonly requestToken: RequestToken
  readonly discovery: UpstreamDiscovery
  readonly signInTokens: SignInTokenStore
  readonly clock: Clock
}
