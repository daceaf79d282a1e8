import type { McpAnswer } from '../../contracts/handler.ts'
import type { OpenQuestion } from '../../contracts/live-sessions.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import { noAnswer } from '../../mcp/bridge/modern-to-legacy/ask-client.ts'
import { isMoreVerbose } from '../../mcp/bridge/modern-to-legacy/filter-notification.ts'
import { canAnswer } from '../../mcp/bridge/modern-to-legacy/map-capabilities.ts'
import { logLevelKey, subscriptionIdKey } from '../../mcp/eras/2026-07-28/check-envelope.ts'
import type { Caller } from './caller.ts'
import { PendingAnswer } from './pending-answer.ts'
import type { PendingCall } from './pending-call.ts'
import type { StdioSession } from './stdio-session.ts'

interface AskedQuestion {
  readonly question: OpenQuestion
  readonly refuse: (why: string) => void
}

/** A call of a client whose era the program speaks: everything passes as it is, under the names of each side. */
export class RelayedCall implements PendingCall {
  readonly owner: string
  readonly isLasting: boolean
  readonly #session: StdioSession
  readonly #message: McpMessage
  readonly #caller: Caller
  readonly #answer: PendingAnswer
  readonly #progressToken: unknown
  readonly #questions = new Map<unknown, AskedQuestion>()
  #hopId = 0
  #leave: (() => void) | undefined

  constructor(session: StdioSession, message: McpMessage, caller: Caller, mostBehindBytes: number) {
    this.owner = caller.owner
    this.isLasting = message.method === 'subscriptions/listen'
    this.#session = session
    this.#message = message
    this.#caller = caller
    this.#answer = new PendingAnswer(mostBehindBytes, () => this.cancel())
    this.#progressToken = metaOf(message.body).progressToken
  }

  /** Sends the call. Throws a `GatewayError` when the program takes no more. */
  run(): Promise<McpAnswer | GatewayError> {
    const { id, body } = this.#message
    this.#hopId = this.#session.start(this, body, this.#progressToken !== undefined)
    if (id !== undefined) this.#leave = this.#caller.live?.begin(id, () => this.cancel())
    return this.#answer.promise
  }

  /** The client wants no answer any more. */
  cancel(): void {
    this.#close()
    this.#session.cancel(this.#hopId)
    // A client of an older revision has cancelled by a message; its request is still open.
    this.#answer.fail(new GatewayError('request_cancelled', this.#message.era === 'legacy' ? { status: 200 } : {}))
  }

  notify(notification: JsonObject): void {
    const { method } = notification
    if (method === 'notifications/message' && !this.#wantsLog(notification)) return
    const params = objectMember(notification, 'params') ?? {}
    if (method === 'notifications/progress') {
      if (this.#progressToken === undefined) return
      this.#answer.push({ ...notification, params: { ...params, progressToken: this.#progressToken } })
      return
    }
    const meta = objectMember(params, '_meta')
    const named =
      meta?.[subscriptionIdKey] === undefined
        ? notification
        : { ...notification, params: { ...params, _meta: { ...meta, [subscriptionIdKey]: this.#message.id } } }
    this.#answer.push(named)
  }

  respond(response: JsonObject): void {
    this.#close()
    const status = this.#message.era === 'modern' ? modernStatus(response) : 200
    this.#answer.finish(status, { ...response, id: this.#message.id })
  }

  fail(error: GatewayError): void {
    this.#close()
    this.#answer.fail(error)
  }

  canAnswer(method: string, params: JsonObject): boolean {
    return this.#message.era === 'legacy' && canAnswer(this.#caller.capabilities, method, params)
  }

  ask(request: JsonObject, reply: (response: JsonObject) => void): void {
    const refuse = (why: string) => reply(noAnswer(stringMember(request, 'method') ?? '', request.id, why))
    const question = this.#caller.live?.ask()
    if (question === undefined) return refuse('The client cannot be asked now.')
    if (!this.#answer.push({ ...request, id: question.id })) {
      question.withdraw()
      return refuse('The client does not read what it is sent.')
    }
    this.#questions.set(request.id, { question, refuse })
    void question.answer.then((response) => {
      if (this.#questions.delete(request.id)) reply(response)
    })
  }

  withdraw(requestId: unknown): void {
    const asked = this.#questions.get(requestId)
    this.#questions.delete(requestId)
    if (asked === undefined) return
    asked.question.withdraw()
    const params = { requestId: asked.question.id }
    this.#answer.push({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
  }

  #close(): void {
    this.#leave?.()
    for (const { question, refuse } of this.#questions.values()) {
      question.withdraw()
      refuse('The call is over.')
    }
    this.#questions.clear()
  }

  /** The level of the program is the most verbose that anybody asked for, so each takes their own part. */
  #wantsLog(notification: JsonObject): boolean {
    const level = stringMember(objectMember(notification, 'params') ?? {}, 'level') ?? ''
    const wanted =
      this.#message.era === 'modern'
        ? metaOf(this.#message.body)[logLevelKey]
        : (this.#caller.live?.logLevel ?? 'debug')
    return typeof wanted === 'string' && !isMoreVerbose(level, wanted)
  }
}

/** Over HTTP 2026-07-28 gives some errors a status; over stdio there is none. */
function modernStatus({ error }: JsonObject): number {
  const code = error !== null && typeof error === 'object' && 'code' in error ? error.code : undefined
  if (code === -32601) return 404
  return typeof code === 'number' && code <= -32020 && code >= -32022 ? 400 : 200
}

function metaOf(body: JsonObject): JsonObject {
  const params = objectMember(body, 'params')
  return (params && objectMember(params, '_meta')) ?? {}
}
