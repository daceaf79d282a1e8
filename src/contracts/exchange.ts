import type { IncomingHttpHeaders } from 'node:http'
import type { Subject } from './subject.ts'

/**
 * The headers of the upstream request, as policies shape them. A client's own headers are not sent upstream unless the route
 * lists them in `forwardHeaders`; names are case-insensitive.
 */
export interface UpstreamHeaders {
  /** Sets a header. With `overwrite` false an earlier value, of a policy or forwarded from the client, stays. */
  set(name: string, value: string, overwrite?: boolean): void
  /** Keeps a header back, whether forwarded from the client or set by an earlier policy. */
  remove(name: string): void
  /** What will be sent under this name; undefined when nothing will. */
  get(name: string): string | undefined
  /** Everything that will be sent besides what the handler computes itself, in order. */
  entries(): Iterable<readonly [name: string, value: string]>
}

/** One request and its response, as policies and handlers see it. */
export interface Exchange {
  /** 32 hexadecimal characters; in the event, the log, `x-request-id` of the answer and every error. */
  readonly requestId: string
  /** operationId of the route. */
  readonly routeName: string
  /** Path of the route. */
  readonly routePath: string
  readonly httpMethod: string
  /** Path without query. */
  readonly path: string
  /** Query with its `?`, or empty. */
  readonly search: string
  readonly headers: Readonly<IncomingHttpHeaders>
  /** Address of the client: the peer, or what a trusted proxy says. */
  readonly clientAddress: string
  /** Another process of the gateway let it pass its request phase, and policies that count have counted it there. */
  readonly isAdmitted?: boolean
  /** Set by an authentication policy; undefined before, and on routes without one. */
  subject: Subject | undefined
  /** Tenant of the subject; without one that of the route, else the default one. */
  readonly tenant: string
  readonly upstreamHeaders: UpstreamHeaders
  /** The connection whose credential the upstream saw, as revocations name it; set by the handler. */
  connectionId: string | undefined
  /** Revision spoken with the upstream, where that is not the client's; set by the handler. */
  upstreamProtocol?: string | undefined
  /** Header added to the answer, whatever it is. Lower-case name. */
  setResponseHeader(name: string, value: string): void
  /**
   * Calls `listener` when the client closes the connection before the answer is complete. In 2026-07-28 that cancels the
   * call; in older revisions it does not, and the listener never runs.
   */
  onCancel(listener: () => void): void
}
