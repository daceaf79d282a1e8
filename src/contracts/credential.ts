import type { GatewayError } from '../errors/gateway-error.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { Exchange } from './exchange.ts'
import type { UpstreamSettings } from './upstream.ts'

/** What one request presents to its upstream. It never reaches a client, an event or a log. */
export interface UpstreamCredential {
  /** Headers with their secret values. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /**
   * Names this credential without revealing it. It changes whenever the credential may stand for somebody or something else (another
   * account, other scopes), not when a token is merely refreshed: sessions and catalogues of the upstream belong to it.
   */
  readonly identity: string
  /** Changes with every token. */
  readonly generation: number
  /** What a revocation names: the connection. Requests that run under it end with it. */
  readonly revocableId?: string | undefined
}

/** An answer of the upstream about the credential. */
export interface UpstreamRefusal {
  readonly status: 401 | 403
  /** Value of `WWW-Authenticate`. */
  readonly challenge: string | undefined
  /** The refused credential is the one that `renew` has just given: there is no better one to be had. */
  readonly afterRenewal?: boolean | undefined
}

/**
 * Credentials for the calls of one route. Both functions refuse with a `connection_*`, `credential_*` or `upstream_*` reason. A refusal that
 * the person can end by connecting carries `ConnectDetails` in `details.data.connect`.
 */
export interface CredentialSource {
  readonly upstream: UpstreamSettings
  /** The credential of this subject, refreshed when it is about to expire. Undefined: nothing is presented (`mtls`). */
  obtain(exchange: Exchange): MaybePromise<UpstreamCredential | GatewayError | undefined>
  /** After the upstream refused `used`: another one to try, once. */
  renew(
    used: UpstreamCredential | undefined,
    refusal: UpstreamRefusal,
    exchange: Exchange,
  ): Promise<UpstreamCredential | GatewayError>
}

/** What a client needs to send its person to the connect page. No part of it is a secret. */
export interface ConnectDetails {
  readonly upstreamId: string
  readonly displayName: string
  readonly state: 'authenticating' | 'reconsent_required' | 'admin_connect_required'
  /** Absolute URL, single use, ten minutes; it works only for the person it was made for. */
  readonly url: string
  readonly mode: UpstreamSettings['mode']
}

/** Makes the credential sources of routes. */
export interface CredentialBroker {
  open(upstream: UpstreamSettings): CredentialSource
}
