import type { UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { StreamedAnswer } from '../../contracts/handler.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { discardAnswer, type UpstreamAnswer } from '../../http/send-upstream.ts'
import type { Upstream } from './upstream.ts'
import { buildSessionHeaders } from './upstream-headers.ts'

/** A session of the upstream in which a client of an older revision is, and the credential for it. */
export interface RelayedSession {
  /** Undefined: the upstream keeps none. */
  readonly id: string | undefined
  readonly credential?: UpstreamCredential | undefined
}

/**
 * The GET stream of the session upstream. Where the client goes on (`Last-Event-ID`) is the upstream's to know, so it passes as it is. An
 * upstream without streams says so with 405, which is an answer (2025-11-25 §listening).
 */
export async function openUpstreamStream(
  upstream: Upstream,
  exchange: Exchange,
  session: RelayedSession,
): Promise<StreamedAnswer | GatewayError> {
  const headers = sessionHeaders(exchange, session, 'text/event-stream')
  const lastEventId = exchange.headers['last-event-id']
  if (lastEventId !== undefined) headers.push('last-event-id', String(lastEventId))
  // Silence is in order: nothing may happen for hours. The connection itself is watched by TCP.
  const call = upstream.request({ method: 'GET', headers, search: exchange.search, idleMs: 0 })
  exchange.onCancel(() => call.cancel())
  const answer = await call.answer
  if (answer.kind === 'stream' && answer.status === 200) return answer
  return refuseSession(answer, session)
}

/** Ends the session upstream. Undefined when that is done. */
export async function endUpstreamSession(
  upstream: Upstream,
  exchange: Exchange,
  session: RelayedSession,
): Promise<GatewayError | undefined> {
  const headers = sessionHeaders(exchange, session, 'application/json, text/event-stream')
  const answer = await upstream.request({ method: 'DELETE', headers, search: exchange.search }).answer
  if (answer.status >= 300) return refuseSession(answer, session)
  discardAnswer(answer)
  return undefined
}

function sessionHeaders({ headers, upstreamHeaders }: Exchange, session: RelayedSession, accept: string): string[] {
  const version = headers['mcp-protocol-version']
  const terms = { id: session.id, protocolVersion: typeof version === 'string' ? version : undefined }
  return buildSessionHeaders({ upstreamHeaders, credential: session.credential }, terms, accept)
}

function refuseSession(answer: UpstreamAnswer, { id }: RelayedSession): GatewayError {
  discardAnswer(answer)
  const { status } = answer
  const detail = `upstream answered ${status}`
  if (status === 401 || status === 403) return new GatewayError('upstream_unauthorized', { detail })
  if (status === 429) return new GatewayError('upstream_rate_limited', { detail })
  // One stream per session: the one before is not closed yet.
  if (status === 409) return new GatewayError('upstream_refused', { detail, status })
  if (status >= 500) return new GatewayError('upstream_refused', { detail })
  // The client begins a new session after 404.
  if (status === 404 && id !== undefined) return new GatewayError('session_unknown', { detail })
  // Older servers say in many ways that they have no streams; the client does without.
  return new GatewayError('method_not_allowed', { detail, headers: { allow: 'POST' } })
}
