import type { Clock } from '../../contracts/clock.ts'
import type { UpstreamCredential, UpstreamRefusal } from '../../contracts/credential.ts'
import type { CredentialScheme } from '../../contracts/credential-scheme.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { ConnectionKey } from '../../contracts/storage.ts'
import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { MaybePromise } from '../../lib/maybe-promise.ts'
import {
  type Connection,
  type ConnectionStore,
  isOAuth,
  type OAuthCredential,
  ownerOf,
  sharedOwner,
} from '../connections.ts'
import { findMisfit } from '../find-misfit.ts'
import type { ConnectCause, ConnectInvitations } from '../invite-to-connect.ts'
import { readChallenge } from '../oauth-client/read-challenge.ts'
import { identityOf, presentConnection } from '../present-credential.ts'
import type { Refresher } from '../refresh.ts'
import type { RefreshOutcome } from '../refresh-connection.ts'
import { readFreshness } from '../token-freshness.ts'
import { VaultError } from '../vault.ts'

/** What the schemes of connections share. */
export interface ConnectionParts {
  readonly connections: ConnectionStore
  readonly refresher: Refresher
  readonly invitations: ConnectInvitations
  readonly log: Logger
  readonly clock: Clock
}

/** Which connection a mode uses. */
export interface ConnectionUse {
  readonly kind: Connection['record']['kind']
  /** Whose it is: everybody's, or the caller's own. */
  readonly shared: boolean
}

type Credential = UpstreamCredential | GatewayError

/** A token that is refused so soon after it was issued is not merely old: the next one would be refused as well. Milliseconds. */
const justIssuedMs = 30_000

/** `user-oauth`, `shared-oauth`, `user-api-key`, `shared-api-key`: the credential is that of a connection somebody made. */
export class ConnectionScheme implements CredentialScheme {
  readonly #use: ConnectionUse
  readonly #upstream: UpstreamSettings
  readonly #parts: ConnectionParts
  /** Connections that were found to fit the upstream, as they are presented: the way of nearly every call. */
  readonly #presented = new WeakMap<Connection, UpstreamCredential>()

  constructor(use: ConnectionUse, upstream: UpstreamSettings, parts: ConnectionParts) {
    this.#use = use
    this.#upstream = upstream
    this.#parts = parts
  }

  obtain(exchange: Exchange): MaybePromise<Credential> {
    const key = this.#keyOf(exchange)
    if (key === undefined) return this.#invite(exchange, { reason: 'connection_required' })
    const { connections } = this.#parts
    const known = connections.known(key)
    return known ? this.#choose(known, exchange) : this.#find(key, exchange)
  }

  async #find(key: ConnectionKey, exchange: Exchange): Promise<Credential> {
    try {
      return await this.#choose(await this.#parts.connections.find(key), exchange)
    } catch (error) {
      // Nobody but the person can mend a secret that does not open: what they store anew takes its place.
      if (!(error instanceof VaultError)) throw error
      this.#parts.log.error({ err: error, upstream: this.#upstream.id }, 'the secret of a connection does not open')
      return this.#invite(exchange, { reason: 'connection_reconsent_required', detail: error.message })
    }
  }

  async renew(used: UpstreamCredential | undefined, refusal: UpstreamRefusal, exchange: Exchange): Promise<Credential> {
    const key = this.#keyOf(exchange)
    if (key === undefined) return this.#invite(exchange, { reason: 'connection_required' })
    const stored = await this.#parts.connections.find(key)
    if (refusal.status === 403) return this.#stepUp(stored, refusal, exchange)
    // Somebody refreshed or connected since: that was not refused yet.
    if (stored === undefined || !isCredentialOf(stored, used)) return this.#choose(stored, exchange)
    if (isOAuth(stored) && stored.credential.refreshToken !== undefined) {
      const ageMs = this.#parts.clock() - stored.credential.obtainedAtMs
      // Below zero the clock was set back: nobody knows how old it is.
      if (ageMs < 0 || ageMs >= justIssuedMs) return this.#refresh(stored, exchange)
    }
    return this.#invite(exchange, { reason: 'connection_reconsent_required', detail: 'the upstream answered 401' })
  }

  #keyOf({ tenant, subject }: Exchange): ConnectionKey | undefined {
    const { id: upstream } = this.#upstream
    if (this.#use.shared) return { tenant, upstream, owner: sharedOwner }
    return subject && { tenant, upstream, owner: ownerOf(subject.id) }
  }

  /** The credential of what was found, after a refresh where no time is left. */
  #choose(found: Connection | undefined, exchange: Exchange): MaybePromise<Credential> {
    const credential = this.#present(found, exchange)
    if (credential instanceof GatewayError || found === undefined || !isOAuth(found)) return credential
    const freshness = readFreshness(found.credential, this.#parts.clock())
    if (freshness === 'expired') return this.#refresh(found, exchange)
    if (freshness === 'expiring' && found.credential.refreshToken !== undefined) {
      this.#parts.refresher.refreshEarly({ connection: found, upstream: this.#upstream, by: exchange })
    }
    return credential
  }

  async #refresh(connection: Connection<OAuthCredential>, by: Exchange): Promise<Credential> {
    const outcome = await this.#parts.refresher.refresh({ connection, upstream: this.#upstream, by })
    // Perhaps it is dead, perhaps not: the person may end this, and nothing is given up before they do.
    if (outcome instanceof GatewayError && outcome.reason === 'credential_refresh_refused') {
      return this.#invite(by, { reason: 'connection_reconsent_required', detail: outcome.details.detail })
    }
    return this.#present(outcome, by)
  }

  /** The credential of what a look-up or a refresh brought, or what is to be done about it. */
  #present(found: RefreshOutcome, exchange: Exchange): Credential {
    if (found instanceof GatewayError) return found
    if (found?.credential.kind !== this.#use.kind) return this.#invite(exchange, { reason: 'connection_required' })
    const known = this.#presented.get(found)
    if (known !== undefined) return this.#noteUse(found, known)
    const { state, stateReason } = found.record
    const detail = state === 'connected' ? findMisfit(found.credential, this.#upstream) : (stateReason ?? state)
    if (detail !== undefined) return this.#invite(exchange, { reason: 'connection_reconsent_required', detail })
    const credential = presentConnection(found, this.#upstream)
    this.#presented.set(found, credential)
    return this.#noteUse(found, credential)
  }

  #noteUse({ record }: Connection, credential: UpstreamCredential): UpstreamCredential {
    this.#parts.connections.noteUse(record.id)
    return credential
  }

  /** A refresh cannot widen what was consented to: the person is asked for everything they gave before and what is missing. */
  #stepUp(stored: Connection | undefined, { challenge }: UpstreamRefusal, exchange: Exchange): GatewayError {
    const asked = readChallenge(challenge)
    if (asked?.error !== 'insufficient_scope' || this.#use.kind !== 'oauth') {
      return new GatewayError('upstream_unauthorized', { detail: 'the upstream answered 403' })
    }
    const given = stored?.credential.kind === 'oauth' ? stored.credential.scopes : []
    // Asking the person again and again for what they gave would never end.
    if (asked.scopes.length > 0 && asked.scopes.every((scope) => given.includes(scope))) {
      const detail = `the upstream asks for ${asked.scopes.join(' ').slice(0, 200)}, which the connection has`
      return new GatewayError('upstream_unauthorized', { detail })
    }
    const scopes = joinScopes(given, asked.scopes)
    const detail = `the upstream asks for ${asked.scopes.join(' ').slice(0, 200) || 'another scope'}`
    return this.#invite(exchange, { reason: 'connection_scope_required', detail, scopes })
  }

  #invite(exchange: Exchange, cause: ConnectCause): GatewayError {
    const { invitations } = this.#parts
    if (this.#use.shared) return invitations.askAdministrator(this.#upstream, cause)
    return invitations.inviteSubject(this.#upstream, exchange, cause)
  }
}

function isCredentialOf(connection: Connection, used: UpstreamCredential | undefined): boolean {
  return used?.generation === connection.record.generation && used.identity === identityOf(connection)
}

/** They travel in a link, and an upstream may ask for any number. */
const longestScopes = 2000

function joinScopes(given: readonly string[], asked: readonly string[]): readonly string[] {
  let length = 0
  return [...new Set([...given, ...asked])].filter((scope) => {
    length += scope.length + 1
    return length <= longestScopes
  })
}
