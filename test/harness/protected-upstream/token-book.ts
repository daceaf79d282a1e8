import { randomBytes } from 'node:crypto'
import type { ServerBehaviour, ServerCounts } from './behaviour.ts'

/** What a person allowed a client. */
export interface Grant {
  readonly clientId: string
  readonly account: string
  readonly scopes: readonly string[]
  /** Undefined: the token is for no resource in particular. */
  readonly resource: string | undefined
  killed: boolean
}

interface AccessToken {
  readonly grant: Grant
  readonly expiresAtMs: number
}

/** Every token that an authorization server issued, with the history of refresh tokens that shows a second use. */
export class TokenBook {
  /** Everything secret that was ever handed out or received. */
  readonly secrets = new Set<string>()
  readonly #counts: ServerCounts
  readonly #access = new Map<string, AccessToken>()
  readonly #refresh = new Map<string, { readonly grant: Grant; used: boolean }>()

  constructor(counts: ServerCounts) {
    this.#counts = counts
  }

  /** A new access token, with a refresh token where the behaviour and the grant type have one. */
  issue(grant: Grant, behaviour: ServerBehaviour, withRefreshToken: boolean): Record<string, unknown> {
    const accessToken = this.makeSecret('at')
    this.#access.set(accessToken, { grant, expiresAtMs: Date.now() + behaviour.accessTokenSeconds * 1000 })
    const refreshToken = withRefreshToken && behaviour.refreshTokens !== 'none' ? this.makeSecret('rt') : undefined
    if (refreshToken !== undefined) {
      this.#refresh.set(refreshToken, { grant, used: false })
      this.#counts.refreshTokensIssued += 1
    }
    const { expiresIn } = behaviour
    const seconds = expiresIn === true ? behaviour.accessTokenSeconds : expiresIn
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      ...(seconds !== false && { expires_in: seconds }),
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      scope: grant.scopes.join(' '),
    }
  }

  /** The grant of a refresh token, which it uses up where tokens rotate; else why not. */
  useRefreshToken(token: string, clientId: string, behaviour: ServerBehaviour): Grant | string {
    this.#counts.refreshTokensPresented += 1
    const found = this.#refresh.get(token)
    if (found === undefined || found.grant.clientId !== clientId) return 'unknown refresh token'
    if (found.used) this.#counts.refreshTokensReused += 1
    if (found.used && behaviour.onReuse !== 'forgive') {
      if (behaviour.onReuse === 'kill') this.kill(found.grant)
      return 'this refresh token was used before'
    }
    if (found.grant.killed) return 'the grant was revoked'
    if (behaviour.refreshTokens === 'rotate') found.used = true
    return found.grant
  }

  /** The grant of an access token that is good now. */
  findAccess(token: string): Grant | undefined {
    const found = this.#access.get(token)
    return found && !found.grant.killed && found.expiresAtMs > Date.now() ? found.grant : undefined
  }

  kill(grant: Grant): void {
    if (!grant.killed) this.#counts.grantsKilled += 1
    grant.killed = true
  }

  /** Revokes by either kind of token (RFC 7009). */
  revoke(token: string): void {
    const grant = this.#refresh.get(token)?.grant ?? this.#access.get(token)?.grant
    this.#counts.revocations += 1
    if (grant) this.kill(grant)
  }

  /** Forgets access tokens only: refresh tokens stay good. */
  expireAccess(): void {
    this.#access.clear()
  }

  /** Ends every grant, as an administrator of the upstream would. */
  killAll(): void {
    for (const { grant } of this.#refresh.values()) this.kill(grant)
    for (const { grant } of this.#access.values()) this.kill(grant)
  }

  /** Accounts whose grant still stands. */
  liveAccounts(): string[] {
    const grants = new Set([...this.#refresh.values(), ...this.#access.values()].map(({ grant }) => grant))
    return [...grants].filter(({ killed }) => !killed).map(({ account }) => account)
  }

  makeSecret(kind: string): string {
    const secret = `up_${kind}_${randomBytes(24).toString('base64url')}`
    this.secrets.add(secret)
    return secret
  }
}
