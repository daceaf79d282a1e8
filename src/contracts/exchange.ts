import type { IncomingHttpHeaders } from 'node:http'
import type { ReasonCode } from '../errors/reasons.ts'
import type { Subject } from './subject.ts'

/** What policies say about the headers of the upstream request. Names are lower-case. Nothing else of a client's headers leaves. */
export interface UpstreamHeaders {
  /** Sets a header, replacing what the client or an earlier policy gave unless `overwrite` is false. */
  set(name: string, value: string, overwrite?: boolean): void
  /** Keeps a header back, whether a client sent it or an earlier policy set it. */
  remove(name: string): void
}

/** What one policy decided about one exchange; shown in the event and the console. */
export interface Decision {
  readonly policy: string
  readonly reason: ReasonCode
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
  /** Set by an authentication policy; undefined before, and on routes without one. */
  subject: Subject | undefined
  readonly upstreamHeaders: UpstreamHeaders
  /** Headers added to the answer, whatever it is. Lower-case names. */
  setResponseHeader(name: string, value: string): void
}
