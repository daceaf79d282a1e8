import type { IncomingMessage, ServerResponse } from 'node:http'

/** A person, as a page of the gateway knows them. */
export interface BrowserPerson {
  readonly subject: string
  readonly tenant: string
  /** The tenant that their claims name; undefined: they act in whichever tenant the route or client says. */
  readonly claimedTenant: string | undefined
  /** For display. */
  readonly name: string
  readonly roles: readonly string[]
  /** Changes with every sign-in of this browser; not a secret, and worth nothing to whoever reads it. */
  readonly sessionId: string
}

/**
 * Who is signed in to a browser. Implemented by the authorization server for pages that are not part of an authorization request, such
 * as those of the connections.
 */
export interface BrowserSignIn {
  /** The signed-in person; undefined when there is none, or their account is not known any more. */
  find(request: IncomingMessage, response: ServerResponse): Promise<BrowserPerson | undefined>
  /**
   * Sends the browser to sign in and back to `returnPath`, a path of this gateway. With `switchPerson` somebody who is signed in already
   * may become somebody else. Answers the request.
   */
  begin(
    request: IncomingMessage,
    response: ServerResponse,
    options: { readonly returnPath: string; readonly switchPerson: boolean },
  ): Promise<void>
  /** For forms of such pages: bound to `purpose` and the browser session. */
  createFormToken(purpose: string, person: BrowserPerson): string
  checkFormToken(token: string, purpose: string, person: BrowserPerson): boolean
}

/** What the consent page shows of one upstream behind a virtual server. */
export interface UpstreamLink {
  /** That of its `UpstreamSettings`. */
  readonly id: string
  readonly displayName: string
  readonly summary: string | undefined
  readonly state: 'connected' | 'connect_required' | 'reconsent_required' | 'admin_connect_required'
  /** The page that connects; undefined where the person cannot do it themselves. Its path is of this gateway. */
  readonly connectPath: string | undefined
}

/** Answers "what is left to connect?" for the authorization server, which knows nothing of upstreams. */
export interface UpstreamLinks {
  /**
   * The upstreams behind a virtual server that are reached with credentials which somebody must connect first, each once: those of an
   * aggregate in the order of its members. The connect pages lead back to `returnPath`.
   */
  list(
    virtualServer: string,
    person: { readonly subject: string; readonly tenant: string },
    returnPath: string,
  ): Promise<readonly UpstreamLink[]>
}
