import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EventRecorder } from '../../analytics/event.ts'
import type { Clock } from '../../contracts/clock.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { OAuthRecords } from '../../contracts/storage.ts'
import type { UpstreamDirectory, UpstreamSettings } from '../../contracts/upstream.ts'
import type { BrowserPerson, BrowserSignIn } from '../../contracts/upstream-links.ts'
import type { GatewayError } from '../../errors/gateway-error.ts'
import type { RenderedPage } from '../../oauth/pages/render-page.ts'
import type { ConnectTickets } from '../connect-ticket.ts'
import type { ConnectionStore, OAuthCredential } from '../connections.ts'
import type { BrowserCookie } from './browser-cookie.ts'
import type { PendingConnects } from './pending-connects.ts'
import type { KeyVerdict } from './try-key.ts'

/** How a sign-in at an upstream is begun. */
export interface AuthorizationStart {
  readonly tenant: string
  readonly upstream: UpstreamSettings
  readonly redirectUri: string
  readonly state: string
  /** Asked for besides what is asked for anyway. */
  readonly scopes: readonly string[]
}

/** Sign-in at authorization servers of upstreams. Its functions reject with a `connection_*` or `credential_*` reason. */
export interface UpstreamAuthorization {
  /** Where to send the browser, and what redeeming the answer needs: plain JSON. */
  begin(start: AuthorizationStart): Promise<{ readonly url: URL; readonly pending: unknown }>
  /** Redeems the answer: the query that came to the redirect URI. */
  finish(
    upstream: UpstreamSettings,
    tenant: string,
    answer: URLSearchParams,
    pending: unknown,
  ): Promise<OAuthCredential>
  /** Revokes the tokens at the upstream. False when it offers no revocation, or did not answer in time. Never rejects. */
  revoke(upstream: UpstreamSettings, tenant: string, credential: OAuthCredential): Promise<boolean>
}

/** What the pages of the connections work with. */
export interface ConnectHost {
  readonly publicUrl: string
  readonly basePath: string
  readonly upstreams: UpstreamDirectory
  readonly signIn: BrowserSignIn
  readonly tickets: ConnectTickets
  readonly connections: ConnectionStore
  readonly authorization: UpstreamAuthorization
  readonly pending: PendingConnects<unknown>
  readonly cookie: BrowserCookie
  readonly records: OAuthRecords
  /** Tries a key at the upstream. Never rejects for what the upstream does. */
  tryKey(upstream: UpstreamSettings, key: string): Promise<KeyVerdict>
  readonly recorder: EventRecorder
  readonly log: Logger
  readonly clock: Clock
}

/** One visit to a page of the connections. */
export interface PageVisit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  readonly query: URLSearchParams
  /** Undefined for GET. */
  readonly form: URLSearchParams | undefined
}

/** A visit of somebody who is signed in. */
export interface PersonalVisit extends PageVisit {
  readonly person: BrowserPerson
}

/** A page to show, where to go next, or undefined when the request was answered already. */
export type PageAnswer =
  | { readonly page: RenderedPage; readonly status: number }
  | { readonly redirect: string }
  | undefined

/** A refusal on a page, with where the person may go from there. */
export class PageRefusal extends Error {
  readonly refusal: GatewayError
  readonly links: readonly { readonly path: string; readonly label: string }[]

  /** Its event was recorded already. */
  readonly recorded: boolean

  constructor(refusal: GatewayError, links: PageRefusal['links'], recorded = false) {
    super(refusal.message, { cause: refusal })
    this.name = 'PageRefusal'
    this.refusal = refusal
    this.links = links
    this.recorded = recorded
  }
}
