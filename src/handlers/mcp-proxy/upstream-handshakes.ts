import type { UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import { UpstreamSessions } from '../../mcp/upstream-sessions.ts'
import { beginLegacySession, RefusedHandshake } from './begin-legacy-session.ts'
import type { LegacySession } from './legacy-session.ts'
import { findCredentialRefusal } from './read-answer.ts'
import type { Upstream } from './upstream.ts'
import type { UpstreamHop } from './upstream-headers.ts'

/** How a message of a legacy client gets into a session of the upstream. */
export interface LegacyHop extends UpstreamHop {
  /** Begins the session anew, once, after the upstream forgot it. Absent where that is up to the client. */
  readonly forget?: (() => void) | undefined
}

/**
 * Sessions upstream for clients whose own `initialize` did not reach it, or reached it under another credential: an account's session is
 * never used with the credential of another account.
 */
export class UpstreamHandshakes {
  readonly #upstream: Upstream
  // Calls in them are not counted: longer than any call may take.
  readonly #sessions = new UpstreamSessions<LegacySession>({ idleMs: 30 * 60 * 1000 })

  constructor(upstream: Upstream) {
    this.#upstream = upstream
  }

  /** Undefined for a notification or response of a session that the upstream does not know: nobody there waits for it. */
  async join(
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession,
    credential: UpstreamCredential | undefined,
  ): Promise<LegacyHop | undefined> {
    const identity = credential?.identity ?? ''
    if (session.upstream?.identity === identity) return { sessionId: session.upstream.id, credential }
    const key = JSON.stringify([session.key, identity])
    if (message.kind !== 'request' && !this.#sessions.has(key)) return undefined
    const owner = JSON.stringify([exchange.tenant, exchange.subject?.id])
    const opened = await this.#sessions.open(owner, key, () => this.#begin(session, exchange, credential))
    const { id: sessionId, protocolVersion } = opened.terms
    return { sessionId, protocolVersion, credential, forget: () => this.#sessions.forget(key, opened) }
  }

  close(): Promise<void> {
    return this.#sessions.close()
  }

  async #begin(
    { client }: ClientSession,
    { search, upstreamHeaders }: Exchange,
    credential: UpstreamCredential | undefined,
  ): Promise<LegacySession> {
    try {
      return await beginLegacySession(this.#upstream, client, { search, upstreamHeaders, credential })
    } catch (error) {
      if (!(error instanceof RefusedHandshake) || findCredentialRefusal(error.answer) || error.answer.status !== 200) {
        throw error
      }
      throw new GatewayError('upstream_protocol_error', { detail: 'initialize was answered with an error' })
    }
  }
}
