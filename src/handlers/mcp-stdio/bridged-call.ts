import type { Exchange } from '../../contracts/exchange.ts'
import type { McpAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { isJsonObject, type JsonObject, objectMember } from '../../lib/json.ts'
import type { TokenSealer } from '../../lib/seal-token.ts'
import { inputRequestOf, inputRequired, noAnswer } from '../../mcp/bridge/modern-to-legacy/ask-client.ts'
import { stampServer } from '../../mcp/bridge/modern-to-legacy/complete-result.ts'
import { describeLinks, findUrlElicitations, urlInputRequests } from '../../mcp/bridge/modern-to-legacy/elicit-urls.ts'
import { type CallWishes, placeNotification } from '../../mcp/bridge/modern-to-legacy/filter-notification.ts'
import { canAnswer, elicits } from '../../mcp/bridge/modern-to-legacy/map-capabilities.ts'
import type { ParkableCall, ParkedCalls } from '../../mcp/bridge/modern-to-legacy/parked-calls.ts'
import { inputResponsesOf, sealRequestState } from '../../mcp/bridge/modern-to-legacy/request-state.ts'
import { stripEnvelope } from '../../mcp/bridge/modern-to-legacy/strip-envelope.ts'
import { type TranslatedResponse, translateResponse } from '../../mcp/bridge/modern-to-legacy/translate-response.ts'
import { PendingAnswer } from './pending-answer.ts'
import type { PendingCall } from './pending-call.ts'
import type { StdioSession } from './stdio-session.ts'

/** What calls of one route share. */
export interface BridgedCallHost {
  readonly parked: ParkedCalls<BridgedCall>
  readonly sealer: TokenSealer
  readonly mostBehindBytes: number
}

/** One request of the client that belongs to a call: the first, or one that answers questions. */
export interface CallRound {
  readonly message: McpMessage
  readonly exchange: Exchange
  readonly owner: string
  readonly capabilities: JsonObject
  readonly wishes: CallWishes
}

interface Question {
  readonly request: JsonObject
  readonly reply: (response: JsonObject) => void
}

// Requests of one moment are asked together; people are asked once.
const gatherMs = 10

/**
 * A call of a client of 2026-07-28 in a program of an older revision. What the program asks ends the round with `input_required` while the
 * call goes on; the next round takes it up where it was.
 */
export class BridgedCall implements PendingCall, ParkableCall {
  readonly owner: string
  readonly isLasting = false
  readonly #host: BridgedCallHost
  readonly #session: StdioSession
  readonly #questions = new Map<string, Question>()
  #round: CallRound
  #answer: PendingAnswer
  #hopId = 0
  #asked = 0
  #gathering: NodeJS.Timeout | undefined
  /** How it ended while nobody listened. */
  #kept: JsonObject | GatewayError | undefined

  constructor(host: BridgedCallHost, session: StdioSession, round: CallRound) {
    this.owner = round.owner
    this.#host = host
    this.#session = session
    this.#round = round
    this.#answer = this.#openAnswer()
  }

  /** Sends the call. Throws a `GatewayError` when the program takes no more. */
  run(): Promise<McpAnswer | GatewayError> {
    const { message, wishes } = this.#round
    // The id of the hop is given by the session.
    const body = stripEnvelope(message.body, { id: 0, progressToken: undefined })
    this.#hopId = this.#session.start(this, body, wishes.progressToken !== undefined)
    return this.#answer.promise
  }

  /** Takes the call up with the answers of the client. */
  goOn(round: CallRound): Promise<McpAnswer | GatewayError> {
    this.#round = round
    this.#answer = this.#openAnswer()
    if (this.#kept instanceof GatewayError) this.#answer.fail(this.#kept)
    else if (this.#kept !== undefined) this.#finish(this.#kept)
    else {
      this.#answerQuestions(inputResponsesOf(round.message) ?? {})
      if (this.#questions.size > 0) this.#gather()
    }
    return this.#answer.promise
  }

  /** The client wants no answer any more. */
  cancel(): void {
    this.#refuseQuestions('The call is over.')
    this.#session.cancel(this.#hopId)
    this.#kept ??= new GatewayError('input_expired')
    this.#answer.fail(new GatewayError('request_cancelled'))
  }

  expire(): void {
    this.#refuseQuestions('Nobody answered in time.')
    this.cancel()
  }

  notify(notification: JsonObject): void {
    const place = placeNotification(notification, this.#round.wishes, this.#hopId)
    if (place.kind === 'call') this.#answer.push(place.notification)
  }

  respond(response: JsonObject): void {
    clearTimeout(this.#gathering)
    this.#questions.clear()
    if (this.#answer.isOver) this.#kept = response
    else this.#finish(response)
  }

  fail(error: GatewayError): void {
    clearTimeout(this.#gathering)
    this.#questions.clear()
    this.#kept ??= error
    this.#answer.fail(error)
  }

  canAnswer(method: string, params: JsonObject): boolean {
    return canAnswer(this.#round.capabilities, method, params)
  }

  ask(request: JsonObject, reply: (response: JsonObject) => void): void {
    this.#questions.set(`r${this.#asked++}`, { request, reply })
    if (!this.#answer.isOver) this.#gather()
  }

  withdraw(requestId: unknown): void {
    for (const [key, { request }] of this.#questions) if (request.id === requestId) this.#questions.delete(key)
  }

  #openAnswer(): PendingAnswer {
    return new PendingAnswer(this.#host.mostBehindBytes, () => this.cancel())
  }

  #finish(response: JsonObject): void {
    const { status, body } = this.#translate(response)
    this.#answer.finish(status, body)
  }

  /** The response for the client, or the question that it is for a program which wants links to be opened first. */
  #translate(response: JsonObject): TranslatedResponse {
    const { message, capabilities } = this.#round
    const { serverInfo } = this.#session.opened
    const error = objectMember(response, 'error')
    const links = error && findUrlElicitations(error)
    if (links !== undefined && elicits(capabilities, 'url') && !hasRefused(message)) {
      return { status: 200, body: this.#inputRequired(urlInputRequests(links), undefined) }
    }
    const described =
      links !== undefined && message.method === 'tools/call'
        ? { jsonrpc: '2.0', result: describeLinks(links) }
        : response
    return translateResponse(described, message.method, message.id, serverInfo)
  }

  #inputRequired(inputRequests: JsonObject, parked: string | undefined): JsonObject {
    const { message, exchange } = this.#round
    const state = { expiresAtMs: Date.now() + this.#host.parked.ttlMs, ...(parked !== undefined && { parked }) }
    const requestState = sealRequestState(this.#host.sealer, state, message, exchange)
    const result = stampServer(inputRequired(inputRequests, requestState), this.#session.opened.serverInfo)
    return { jsonrpc: '2.0', id: message.id, result }
  }

  #gather(): void {
    clearTimeout(this.#gathering)
    this.#gathering = setTimeout(() => this.#askClient(), gatherMs)
  }

  #askClient(): void {
    if (this.#answer.isOver || this.#questions.size === 0) return
    const parked = this.#host.parked.park(this.owner, this)
    if (parked === undefined) return this.#refuseQuestions('Too many questions wait for this person.')
    const asked = [...this.#questions].map(([key, { request }]) => {
      return [key, inputRequestOf(String(request.method), objectMember(request, 'params') ?? {})] as const
    })
    this.#answer.finish(200, this.#inputRequired(Object.fromEntries(asked), parked))
  }

  #answerQuestions(given: JsonObject): void {
    for (const [key, { reply }] of this.#questions) {
      const result = Object.hasOwn(given, key) ? given[key] : undefined
      if (!isJsonObject(result)) continue
      this.#questions.delete(key)
      reply({ result })
    }
  }

  #refuseQuestions(why: string): void {
    clearTimeout(this.#gathering)
    for (const { request, reply } of this.#questions.values()) reply(noAnswer(String(request.method), request.id, why))
    this.#questions.clear()
  }
}

/** The person did not want to open the links that the program asked for. */
function hasRefused(message: McpMessage): boolean {
  const given = Object.values(inputResponsesOf(message) ?? {})
  return given.some((answer) => isJsonObject(answer) && answer.action !== undefined && answer.action !== 'accept')
}
