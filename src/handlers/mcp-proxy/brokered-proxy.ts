import { setTimeout } from 'node:timers/promises'
import type { CredentialSource, UpstreamCredential } from '../../contracts/credential.ts'
import type { Exchange } from '../../contracts/exchange.ts'
import type {
  HandlerHost,
  McpAnswer,
  McpHandler,
  StreamedAnswer,
  UpstreamConnections,
} from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { objectMember } from '../../lib/json.ts'
import type { MaybePromise } from '../../lib/maybe-promise.ts'
import type { TokenSealer } from '../../lib/seal-token.ts'
import {
  beginClientSession,
  type ClientSession,
  describeLegacyClient,
  elicitsUrls,
  openClientSession,
  sealClientSession,
} from '../../mcp/client-session.ts'
import { answerUnconnected } from '../../mcp/connect-required/answer-unconnected.ts'
import { answerConnected, connectToolName } from '../../mcp/connect-required/connect-tool.ts'
import { adviseConnect, isAboutConnection } from '../../mcp/connect-required/describe-connect.ts'
import { connectAnswer, removeConnectAnswer } from '../../mcp/connect-required/refuse-call.ts'
import { clientCapabilitiesKey } from '../../mcp/eras/2026-07-28/check-envelope.ts'
import { isSharedMode, RouteCatalogs } from '../../mcp/known-catalogs.ts'
import { acceptedAnswer } from '../../mcp/own-answer.ts'
import { type CredentialedAnswer, CredentialedCalls } from './credentialed-calls.ts'
import { observeAnswer } from './observe-answer.ts'
import { readAnswer } from './read-answer.ts'
import { endUpstreamSession, openUpstreamStream, type RelayedSession } from './relay-session.ts'
import type { Upstream } from './upstream.ts'
import type { UpstreamEras } from './upstream-eras.ts'

type Obtained = UpstreamCredential | undefined

// How long a call waits for a person who has just opened the connect page, and how often it looks.
const connectWaitMs = 25_000
const connectPollMs = 500
const mostWaiting = 200
const mostWaitingOfOne = 8

/**
 * Sends each message with the credential that the broker has for its subject. Who is not connected is answered by the gateway: handshakes and
 * lists as well as can be, calls with a link.
 */
export class BrokeredProxy implements McpHandler {
  readonly forwardHeaders: readonly string[]
  readonly #upstream: Upstream
  readonly #eras: UpstreamEras
  readonly #credentials: CredentialSource
  readonly #sealer: TokenSealer
  readonly #catalogs: RouteCatalogs
  readonly #calls: CredentialedCalls
  readonly #connectTool: string
  /** Who waits to be connected, once for each call. */
  readonly #waiting: unknown[] = []

  constructor(
    forwardHeaders: readonly string[],
    upstream: Upstream,
    eras: UpstreamEras,
    { routeName, knownCatalogs, log, sessionSealer }: HandlerHost,
    credentials: CredentialSource,
  ) {
    this.forwardHeaders = forwardHeaders
    this.#upstream = upstream
    this.#eras = eras
    this.#credentials = credentials
    this.#sealer = sessionSealer
    const settings = credentials.upstream
    this.#catalogs = new RouteCatalogs({ store: knownCatalogs, virtualServer: routeName, upstream: settings, log })
    this.#calls = new CredentialedCalls(upstream, eras, credentials)
    this.#connectTool = connectToolName(settings)
  }

  cacheOwner(exchange: Exchange): MaybePromise<string | undefined> {
    const obtained = this.#credentials.obtain(exchange)
    return obtained instanceof Promise
      ? obtained.then((known) => this.#ownerOf(known, exchange))
      : this.#ownerOf(obtained, exchange)
  }

  ownsTool(message: McpMessage): boolean {
    return message.method === 'tools/call' && message.name === this.#connectTool
  }

  async handleMessage(message: McpMessage, exchange: Exchange): Promise<McpAnswer | GatewayError> {
    const session = this.#openSession(message, exchange)
    if (session instanceof GatewayError) return session
    const obtained = await this.#obtain(message, exchange)
    if (obtained instanceof GatewayError) return this.#refuse(obtained, message, exchange, session)
    if (this.ownsTool(message)) return this.#answerConnectTool(obtained, message, exchange, session)
    removeConnectAnswer(message)
    const sent = await this.#calls.send(message, exchange, session, obtained)
    if (sent === undefined) return acceptedAnswer
    return sent instanceof GatewayError
      ? this.#refuse(sent, message, exchange, session)
      : this.#finish(sent, message, exchange)
  }

  /** Who is not connected does without a stream: whatever it would bring, they cannot ask for. */
  async openStream(exchange: Exchange): Promise<StreamedAnswer | GatewayError> {
    const session = this.#findSession(exchange)
    if (session instanceof GatewayError) return session
    const credential = await this.#credentials.obtain(exchange)
    if (credential instanceof GatewayError) return new GatewayError('method_not_allowed', { cause: credential })
    exchange.connectionId = credential?.revocableId
    if (this.#eras.isModern(credential)) return this.#eras.openStream(exchange, credential, session)
    const relayed = relayedSession(session, credential)
    return relayed ? openUpstreamStream(this.#upstream, exchange, relayed) : new GatewayError('method_not_allowed')
  }

  /** What the upstream has of the session ends if it can be reached; the session itself in any case. */
  async endSession(exchange: Exchange): Promise<GatewayError | undefined> {
    const session = this.#findSession(exchange)
    if (session instanceof GatewayError) return session
    this.#eras.endSession(session, exchange)
    const credential = await this.#credentials.obtain(exchange)
    if (credential instanceof GatewayError || this.#eras.isModern(credential)) return undefined
    const relayed = relayedSession(session, credential)
    if (relayed?.id !== undefined) await endUpstreamSession(this.#upstream, exchange, relayed)
    return undefined
  }

  countConnections(): UpstreamConnections {
    return this.#upstream.countConnections()
  }

  async close(): Promise<void> {
    await Promise.all([this.#calls.close(), this.#catalogs.flush()])
    await this.#upstream.close()
  }

  #openSession(message: McpMessage, exchange: Exchange): ClientSession | GatewayError | undefined {
    const id = exchange.headers['mcp-session-id']
    if (id === undefined || message.era === 'modern' || message.method === 'initialize') return undefined
    return this.#findSession(exchange)
  }

  #findSession(exchange: Exchange): ClientSession | GatewayError {
    const session = openClientSession(this.#sealer, String(exchange.headers['mcp-session-id']), exchange)
    return session && !this.#eras.hasEnded(session) ? session : new GatewayError('session_unknown')
  }

  async #obtain(message: McpMessage, exchange: Exchange): Promise<Obtained | GatewayError> {
    const obtained = await this.#credentials.obtain(exchange)
    if (!isMissing(obtained) || connectAnswer(message) !== 'accepted' || !this.#mayWait(exchange)) return obtained
    const who = exchange.subject?.id
    this.#waiting.push(who)
    return this.#waitForConnection(exchange).finally(() => this.#waiting.splice(this.#waiting.indexOf(who), 1))
  }

  /** One person cannot keep the others from waiting. */
  #mayWait({ subject }: Exchange): boolean {
    const ofOne = this.#waiting.filter((each) => each === subject?.id).length
    return this.#waiting.length < mostWaiting && ofOne < mostWaitingOfOne
  }

  /** The client says that the person opened the link. Asking again at once would only open it a second time. */
  async #waitForConnection(exchange: Exchange): Promise<Obtained | GatewayError> {
    let cancelled = false
    exchange.onCancel(() => {
      cancelled = true
    })
    const deadline = performance.now() + connectWaitMs
    for (;;) {
      await setTimeout(connectPollMs, undefined, { ref: false })
      const obtained = await this.#credentials.obtain(exchange)
      if (!isMissing(obtained) || cancelled || performance.now() > deadline) return obtained
    }
  }

  /** Who has a credential that the upstream refuses is not connected, whatever the store says: they hear how to get another one. */
  async #answerConnectTool(
    obtained: Obtained,
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
  ): Promise<McpAnswer | GatewayError> {
    const refusal = { status: 401, challenge: undefined, afterRenewal: true } as const
    const current =
      obtained && this.#calls.wasRefused(obtained)
        ? await this.#credentials.renew(obtained, refusal, exchange)
        : obtained
    if (current instanceof GatewayError) return this.#refuse(current, message, exchange, session)
    return answerConnected(this.#credentials.upstream, message)
  }

  async #refuse(
    refusal: GatewayError,
    message: McpMessage,
    exchange: Exchange,
    session: ClientSession | undefined,
  ): Promise<McpAnswer | GatewayError> {
    if (!isAboutConnection(refusal)) return refusal
    if (message.method === 'initialize') this.#giveSession(message, exchange, undefined)
    const advice = adviseConnect(refusal, this.#credentials.upstream)
    return answerUnconnected(advice, message, exchange, canElicit(message, session), this.#catalogs)
  }

  #finish(sent: CredentialedAnswer, message: McpMessage, exchange: Exchange): McpAnswer | GatewayError {
    const identity = sent.credential?.identity ?? ''
    if (message.method === 'initialize' && sent.answer.status === 200) {
      const id = sent.answer.responseHeaders['mcp-session-id']
      this.#giveSession(message, exchange, { id: typeof id === 'string' ? id : undefined, identity })
    }
    const answer = readAnswer(sent.answer, message, sent.inSession)
    if (answer instanceof GatewayError || !this.#catalogs.records(message)) return answer
    return observeAnswer(answer, (response) => this.#catalogs.note(message, exchange, identity, response))
  }

  /** Every legacy client gets a session id, also from an upstream without sessions: what the client can do is known by it later. */
  #giveSession(message: McpMessage, exchange: Exchange, upstream: ClientSession['upstream']): void {
    const session = beginClientSession(describeLegacyClient(message), upstream)
    exchange.setResponseHeader('mcp-session-id', sealClientSession(this.#sealer, session, exchange))
  }

  #ownerOf(obtained: Obtained | GatewayError, { subject }: Exchange): string | undefined {
    if (obtained instanceof GatewayError) return undefined
    const identity = obtained?.identity ?? ''
    return isSharedMode(this.#credentials.upstream.mode) ? identity : JSON.stringify([subject?.id, identity])
  }
}

/** The session that the client itself began upstream, under this very credential. */
function relayedSession({ upstream }: ClientSession, credential: Obtained): RelayedSession | undefined {
  return upstream && upstream.identity === (credential?.identity ?? '') ? { id: upstream.id, credential } : undefined
}

function isMissing(obtained: Obtained | GatewayError): obtained is GatewayError {
  return obtained instanceof GatewayError && isAboutConnection(obtained)
}

function canElicit(message: McpMessage, session: ClientSession | undefined): boolean {
  if (message.era === 'legacy') return elicitsUrls(session?.client.capabilities)
  const params = objectMember(message.body, 'params')
  const meta = params && objectMember(params, '_meta')
  return elicitsUrls(meta && objectMember(meta, clientCapabilitiesKey))
}
