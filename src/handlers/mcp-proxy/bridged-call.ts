import { asGatewayError, GatewayError } from '../../errors/gateway-error.ts'
import { discardAnswer, type UpstreamAnswer } from '../../http/send-upstream.ts'
import { formatEvent } from '../../http/split-events.ts'
import { isJsonObject, type JsonObject, objectMember } from '../../lib/json.ts'
import type { TokenSealer } from '../../lib/seal-token.ts'
import { inputRequestOf, noAnswer } from '../../mcp/bridge/modern-to-legacy/ask-client.ts'
import { findMirroredTools } from '../../mcp/bridge/modern-to-legacy/check-parameter-headers.ts'
import { placeNotification } from '../../mcp/bridge/modern-to-legacy/filter-notification.ts'
import { canAnswer } from '../../mcp/bridge/modern-to-legacy/map-capabilities.ts'
import type { ParkableCall, ParkedCalls } from '../../mcp/bridge/modern-to-legacy/parked-calls.ts'
import { inputResponsesOf } from '../../mcp/bridge/modern-to-legacy/request-state.ts'
import { stripEnvelope } from '../../mcp/bridge/modern-to-legacy/strip-envelope.ts'
import { answers, findResponse, type TranslatedResponse } from '../../mcp/bridge/modern-to-legacy/translate-response.ts'
import { QueuedStream } from '../../mcp/queued-stream.ts'
import { type AnswerContext, answerRound, askRound, type CallRound, ownAnswer, takesInput } from './answer-round.ts'
import { type LegacySession, SessionGone, type UpstreamCaller } from './legacy-session.ts'
import { parseJson } from './read-answer.ts'
import { ResumableSource } from './resumable-source.ts'
import type { Attendant } from './session-listeners.ts'
import type { UpstreamExchange } from './upstream.ts'

/** What calls of one route share. */
export interface BridgedCallHost {
  readonly parked: ParkedCalls<BridgedCall>
  readonly sealer: TokenSealer
  readonly totalMs: number
  readonly idleMs: number
  readonly firstByteMs: number
}

interface Question {
  readonly id: unknown
  readonly method: string
  readonly inputRequest: JsonObject
}

const methodNotFound = -32601
// Requests of one moment are asked together; people are asked once.
const gatherMs = 10
const mostQuestions = 32

/**
 * One call of a client of 2026-07-28, carried out in a session of an older revision. Where the upstream asks the client something, its stream
 * stays open while the client is answered with `input_required`; the next round takes the call up where it was.
 */
export class BridgedCall implements ParkableCall, Attendant {
  readonly #host: BridgedCallHost
  readonly #session: LegacySession
  readonly #id: number
  readonly #source: ResumableSource
  readonly #context: AnswerContext
  readonly #questions = new Map<string, Question>()
  readonly #release: () => void
  #round: CallRound
  #client: QueuedStream | undefined
  #asked = 0
  #gathering: NodeJS.Timeout | undefined
  /** The response, which came while nobody listened. */
  #kept: JsonObject | undefined
  #isOver = false
  /** The client waits, and the upstream has not answered at all. */
  #isAwaited = false
  /** What the client is asked in that time. */
  readonly #early = Promise.withResolvers<UpstreamAnswer>()
  #leave: (() => void) | undefined

  constructor(host: BridgedCallHost, session: LegacySession, round: CallRound) {
    this.#host = host
    this.#session = session
    this.#round = round
    this.#id = session.nextId()
    this.#release = session.use(round.caller)
    const { serverInfo } = session.terms.initialized
    this.#context = { sealer: host.sealer, ttlMs: host.parked.ttlMs, serverInfo }
    this.#source = new ResumableSource((lastEventId) => session.resume(lastEventId), host.totalMs, {
      onMessage: (message) => this.#takeMessage(message),
      onEnd: (error) => this.#fail(error),
    })
    round.cancellation.listen(() => this.cancel())
  }

  /** What the upstream agreed to. */
  get protocolVersion(): string | undefined {
    return this.#session.terms.protocolVersion
  }

  /** False when the person meanwhile uses another credential, which the session must not be used with. */
  belongsTo(round: CallRound): boolean {
    return this.#round.caller.credential?.identity === round.caller.credential?.identity
  }

  /** Sends the call. What is not MCP comes back as the upstream gave it. Rejects with `SessionGone` when nothing was done for that reason. */
  async run(): Promise<UpstreamAnswer> {
    if (this.#isOver) throw new GatewayError('request_cancelled')
    const { message, caller, wishes } = this.#round
    const progressToken = wishes.progressToken === undefined ? undefined : this.#id
    const body = stripEnvelope(message.body, { id: this.#id, progressToken })
    try {
      if (this.#canAsk) this.#leave = await this.#session.listeners.attend(this)
      if (this.#isOver) throw new GatewayError('request_cancelled')
      const exchange = this.#session.send(body, caller, this.#silence())
      const sent = this.#source.open(exchange)
      this.#isAwaited = true
      const answer = await this.#awaitAnswer(sent, exchange)
      if (!this.#isAwaited) {
        void this.#takeLateAnswer(sent)
        return answer
      }
      this.#isAwaited = false
      if (answer.kind === 'stream' && answer.status === 200) return this.#relay(answer)
      this.#finish()
      if (this.#session.isUnknownTo(answer)) {
        discardAnswer(answer)
        throw new SessionGone()
      }
      return answer.kind === 'json' ? this.#translateBuffered(answer) : answer
    } catch (error) {
      this.#finish()
      throw error
    }
  }

  /** The answer of the upstream, or what it asks before there is one. A person may take longer to answer than an upstream. */
  async #awaitAnswer(sent: Promise<UpstreamAnswer>, exchange: UpstreamExchange): Promise<UpstreamAnswer> {
    const late = setTimeout(() => {
      if (exchange.hasBegun()) return
      this.#early.reject(new GatewayError('upstream_timeout'))
      this.cancel()
    }, this.#host.firstByteMs)
    try {
      return await Promise.race([sent, this.#early.promise])
    } finally {
      clearTimeout(late)
    }
  }

  /** Takes the call up with the answers of the client. An answer of 401 or 403 means that it still waits. */
  async goOn(round: CallRound): Promise<UpstreamAnswer> {
    this.#round = round
    round.cancellation.listen(() => this.cancel())
    if (this.#kept) return ownAnswer(200, this.#translate(this.#kept).body)
    if (this.#isOver) throw new GatewayError('input_expired', { detail: 'the upstream ended the call' })
    const client = this.#openClient(0)
    const refused = await this.#answerQuestions(inputResponsesOf(round.message) ?? {}, round.caller)
    if (refused !== undefined) {
      this.#client = undefined
      return refused
    }
    if (this.#questions.size > 0) this.#gather()
    return client
  }

  /** Nobody wants the answer any more, or waits longer for it: older revisions are told so (§cancellation). */
  cancel(): void {
    if (this.#isOver) return
    const params = { requestId: this.#id, reason: 'Nobody waits for the answer any more.' }
    void this.#session.tell({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
    this.#finish()
    this.#source.close()
    this.#client?.end(new GatewayError('request_cancelled'))
  }

  expire(): void {
    this.#refuseQuestions('Nobody answered in time.')
    this.cancel()
  }

  /** Only calls can be answered with a question, and only clients that declared so. */
  get #canAsk(): boolean {
    const { capabilities, message } = this.#round
    if (!takesInput(message)) return false
    return ['elicitation', 'sampling', 'roots'].some((name) => objectMember(capabilities, name) !== undefined)
  }

  #silence(): number | undefined {
    return this.#canAsk ? Math.max(this.#host.idleMs, this.#host.parked.ttlMs + 60_000) : undefined
  }

  #finish(): void {
    this.#isOver = true
    clearTimeout(this.#gathering)
    this.#leave?.()
    this.#release()
  }

  #translateBuffered(answer: Extract<UpstreamAnswer, { kind: 'json' }>): UpstreamAnswer {
    if (isAboutHop(answer.status)) return answer
    const response = findResponse(parseJson(answer.body), this.#id)
    if (response === undefined) return answer
    const { status, body } = this.#translate(response)
    return ownAnswer(answer.status === 200 ? status : answer.status, body, answer.upstreamMs)
  }

  #translate(response: JsonObject): TranslatedResponse {
    const { result } = response
    if (this.#round.message.method === 'tools/list' && isJsonObject(result)) {
      this.#session.noteTools(findMirroredTools(result))
    }
    return answerRound(response, this.#round, this.#context)
  }

  /** The client was asked before the upstream answered anything. */
  async #takeLateAnswer(sent: Promise<UpstreamAnswer>): Promise<void> {
    try {
      const answer = await sent
      if (answer.kind === 'stream' && answer.status === 200) {
        this.#source.follow(answer)
        return
      }
      discardAnswer(answer)
      const body = answer.kind === 'json' && !isAboutHop(answer.status) ? answer.body : undefined
      const response = body && findResponse(parseJson(body), this.#id)
      if (response) this.#takeResponse(response)
      else this.#fail(new GatewayError('upstream_refused', { detail: `upstream answered ${answer.status}` }))
    } catch (error) {
      this.#fail(asGatewayError(error))
    }
  }

  #relay(source: Extract<UpstreamAnswer, { kind: 'stream' }>): UpstreamAnswer {
    const client = this.#openClient(source.upstreamMs)
    this.#source.follow(source)
    return client
  }

  #openClient(upstreamMs: number): QueuedStream {
    const client = new QueuedStream(
      upstreamMs,
      () => client.resume(),
      () => this.cancel(),
    )
    client.onResume = () => this.#source.resume()
    this.#client = client
    return client
  }

  /** Never throws. */
  #takeMessage(message: JsonObject): boolean {
    if (this.#isOver) return true
    if (answers(message, this.#id)) return this.#takeResponse(message)
    if (typeof message.method !== 'string') return true
    if (Object.hasOwn(message, 'id')) {
      this.takeRequest(message, message.method)
      return true
    }
    const place = placeNotification(message, this.#round.wishes, this.#id)
    if (place.kind === 'listeners') this.#session.listeners.announce(message)
    if (place.kind !== 'call' || this.#client === undefined) return true
    return this.#client.push(formatEvent(JSON.stringify(place.notification)))
  }

  #takeResponse(response: JsonObject): boolean {
    this.#finish()
    this.#source.settle()
    const client = this.#client
    if (client === undefined) {
      this.#kept = response
      return true
    }
    client.push(formatEvent(JSON.stringify(this.#translate(response).body)))
    client.end()
    return true
  }

  get isParked(): boolean {
    return this.#client === undefined && !this.#isAwaited
  }

  /** A request of the upstream to its client. */
  takeRequest({ id, params }: JsonObject, method: string): void {
    const given = isJsonObject(params) ? params : {}
    if (method === 'ping') {
      void this.#session.tell({ jsonrpc: '2.0', id, result: {} })
    } else if (this.#canAsk && canAnswer(this.#round.capabilities, method, given)) {
      if (this.#questions.size >= mostQuestions) {
        void this.#session.tell(noAnswer(method, id, 'Too many questions at once.'))
        return
      }
      this.#questions.set(`r${this.#asked++}`, { id, method, inputRequest: inputRequestOf(method, given) })
      if (!this.isParked) this.#gather()
    } else {
      const error = { code: methodNotFound, message: `The client does not support ${method}.` }
      void this.#session.tell({ jsonrpc: '2.0', id, error })
    }
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => this.#askClient(), gatherMs)
  }

  #askClient(): void {
    this.#gathering = undefined
    const client = this.#client
    if (this.#isOver || this.isParked) return
    const parked = this.#host.parked.park(this.#round.owner, this)
    if (parked === undefined) {
      this.#refuseQuestions('Too many questions wait for this person.')
      return
    }
    const questions = [...this.#questions].map(([key, { inputRequest }]) => [key, inputRequest] as const)
    const asked = askRound(Object.fromEntries(questions), parked, this.#round, this.#context)
    this.#client = undefined
    if (client === undefined) {
      this.#isAwaited = false
      this.#early.resolve(ownAnswer(200, asked))
      return
    }
    client.push(formatEvent(JSON.stringify(asked)))
    client.end()
    // Goes on reading: the upstream may end the call while it waits.
    this.#source.resume()
  }

  #refuseQuestions(why: string): void {
    for (const { method, id } of this.#questions.values()) void this.#session.tell(noAnswer(method, id, why))
    this.#questions.clear()
  }

  /** Hands the answers on. Undefined when the upstream took them. */
  async #answerQuestions(given: JsonObject, caller: UpstreamCaller): Promise<UpstreamAnswer | undefined> {
    for (const [key, { id }] of this.#questions) {
      const result = Object.hasOwn(given, key) ? given[key] : undefined
      if (!isJsonObject(result)) continue
      const answer = await this.#session.send({ jsonrpc: '2.0', id, result }, caller).answer
      discardAnswer(answer)
      if (answer.status === 401 || answer.status === 403) return answer
      if (answer.status >= 300) {
        this.cancel()
        throw new GatewayError('input_expired', { detail: `the upstream answered ${answer.status}` })
      }
      this.#questions.delete(key)
    }
    return undefined
  }

  #fail(error: Error): void {
    if (this.#isOver) return
    this.#finish()
    this.#client?.end(error)
  }
}

/** Statuses that say something about the hop, whatever the body says. */
function isAboutHop(status: number): boolean {
  return status === 401 || status === 403 || status === 429 || status >= 500
}
