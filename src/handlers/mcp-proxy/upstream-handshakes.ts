import type { UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import { type JsonObject, stringMember } from '../../lib/json.ts'
import { classifyMessage } from '../../mcp/classify-message.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import { initializeMessage, readResult, type UpstreamSession, UpstreamSessions } from '../../mcp/upstream-sessions.ts'
import { findCredentialRefusal, readAnswer } from './read-answer.ts'
import type { Upstream } from './upstream.ts'
import type { UpstreamHop } from './upstream-headers.ts'

/** The upstream refused the credential before there was a session. */
export class RefusedHandshake extends Error {
  readonly answer: UpstreamAnswer

  constructor(answer: UpstreamAnswer) {
    super('the upstream refused the credential')
    this.answer = answer
  }
}

/** How a message of a legacy client gets into a session of the upstream. */
export interface LegacyHop extends UpstreamHop {
  /** Begins the session anew, once, after the upstream forgot it. Absent where that is up to the client. */
  readonly forget?: (() => Promise<void>) | undefined
}

/**
 * Sessions upstream for clients whose own `initialize` did not reach it, or reached it under another credential: an account's session is
 * never used with the credential of another account.
 */
export class UpstreamHandshakes {
  readonly #upstream: Upstream
  readonly #sessions = new UpstreamSessions()

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
    const opened = await this.#sessions.open(key, () => this.#begin(session, exchange, credential))
    const forget = () => this.#sessions.forget(key, opened)
    return { sessionId: opened.id, protocolVersion: opened.protocolVersion, credential, forget }
  }

  async #begin(
    { client }: ClientSession,
    exchange: Exchange,
    credential: UpstreamCredential | undefined,
  ): Promise<UpstreamSession> {
    const initialize = createMessage(initializeMessage(client))
    const received = await this.#upstream.send(initialize, exchange, { credential })
    if (findCredentialRefusal(received)) throw new RefusedHandshake(received)
    const answer = readAnswer(received, initialize, false)
    if (answer instanceof GatewayError) throw answer
    const protocolVersion = stringMember(await readResult(answer), 'protocolVersion')
    const id = received.responseHeaders['mcp-session-id']
    const session = { id: typeof id === 'string' ? id : undefined, protocolVersion }
    const hop = { sessionId: session.id, protocolVersion, credential }
    const initialized = createMessage({ jsonrpc: '2.0', method: 'notifications/initialized' })
    const accepted = await this.#upstream.send(initialized, exchange, hop)
    if (accepted.kind === 'stream') accepted.cancel()
    return session
  }
}

function createMessage(body: JsonObject): McpMessage {
  const message = classifyMessage({}, body, Buffer.from(JSON.stringify(body)))
  if (message instanceof GatewayError) throw message
  return message
}
