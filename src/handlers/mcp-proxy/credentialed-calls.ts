import type { CredentialSource, UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { discardAnswer, type UpstreamAnswer } from '../../http/send-upstream.ts'
import { Lru } from '../../lib/lru.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import { RefusedHandshake } from './begin-legacy-session.ts'
import { findCredentialRefusal } from './read-answer.ts'
import type { Upstream } from './upstream.ts'
import type { Crossing, UpstreamEras } from './upstream-eras.ts'
import { type LegacyHop, UpstreamHandshakes } from './upstream-handshakes.ts'

/** What came back, and under which credential. */
export interface CredentialedAnswer {
  readonly answer: UpstreamAnswer
  readonly credential: UpstreamCredential | undefined
  /** It was sent in a session of the upstream. */
  readonly inSession: boolean
}

/** Sends messages with a credential, and once more with a renewed one when the upstream refused before it did anything. */
export class CredentialedCalls {
  readonly #upstream: Upstream
  readonly #eras: UpstreamEras
  readonly #credentials: CredentialSource
  readonly #handshakes: UpstreamHandshakes
  /** Credentials that the upstream refused while the broker had no better one. */
  readonly #refused = new Lru<string, true>(10_000)

  constructor(upstream: Upstream, eras: UpstreamEras, credentials: CredentialSource) {
    this.#upstream = upstream
    this.#eras = eras
    this.#credentials = credentials
    this.#handshakes = new UpstreamHandshakes(upstream)
  }

  /**
   * The answer of the upstream; the refusal of the broker when it has no better credential; undefined when nobody upstream waits for this
   * message. An answer of 401 or 403 is one that no renewal can change.
   */
  async send(
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
    credential: UpstreamCredential | undefined,
    isRenewed = false,
  ): Promise<CredentialedAnswer | GatewayError | undefined> {
    const sent = await this.#sendOnce(message, exchange, session, credential)
    const refusal = sent && findCredentialRefusal(sent.answer)
    if (sent === undefined || refusal === undefined) return sent
    discardAnswer(sent.answer)
    const renewed = await this.#credentials.renew(credential, { ...refusal, afterRenewal: isRenewed }, exchange)
    if (renewed instanceof GatewayError) {
      if (credential && refusal.status === 401) this.#refused.set(nameOf(credential), true)
      return renewed
    }
    return isRenewed ? sent : this.send(message, exchange, session, renewed, true)
  }

  /** Ends the sessions upstream. */
  async close(): Promise<void> {
    await Promise.all([this.#eras.close(), this.#handshakes.close()])
  }

  /** True when the upstream answered 401 to this very credential lately, and there was no other. */
  wasRefused(credential: UpstreamCredential): boolean {
    return this.#refused.has(nameOf(credential))
  }

  async #sendOnce(
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
    credential: UpstreamCredential | undefined,
    mayBeginAnew = true,
  ): Promise<CredentialedAnswer | undefined> {
    try {
      if (this.#eras.needsBridge(message, exchange, credential)) {
        exchange.connectionId = credential?.revocableId
        const crossed = await this.#eras.cross({ message, exchange, credential, session })
        if (crossed) return { answer: crossed, credential, inSession: false }
      }
      const hop: LegacyHop | undefined = session
        ? await this.#handshakes.join(message, exchange, session, credential)
        : { credential }
      if (hop === undefined) return undefined
      exchange.connectionId = credential?.revocableId
      const received = await this.#upstream.send(message, exchange, hop)
      const isOpen = hop.sessionId === undefined
      const answer = isOpen ? await this.#reconsider(received, { message, exchange, credential, session }) : received
      if (answer.status !== 404 || hop.forget === undefined || !mayBeginAnew) {
        return { answer, credential, inSession: hop.sessionId !== undefined }
      }
      discardAnswer(answer)
      hop.forget()
      return await this.#sendOnce(message, exchange, session, credential, false)
    } catch (error) {
      if (!(error instanceof RefusedHandshake)) throw error
      const refused = { message, exchange, credential, session }
      const answer = this.#eras.mustReconsider(error.answer, message)
        ? await this.#eras.reconsider(error.answer, refused)
        : error.answer
      return { answer, credential, inSession: false }
    }
  }

  /** A refusal may be about the era of a message, or about the revision of a handshake. */
  async #reconsider(received: UpstreamAnswer, crossing: Crossing): Promise<UpstreamAnswer> {
    const { message, exchange, credential } = crossing
    const mayBeOther = this.#eras.mustReconsider(received, message)
    const answer = mayBeOther ? await this.#eras.reconsider(received, crossing) : received
    if (answer !== received || message.method !== 'initialize') return answer
    return this.#upstream.sendOlder(received, message, exchange, { credential })
  }
}

function nameOf({ identity, generation }: UpstreamCredential): string {
  return `${identity} ${generation}`
}
