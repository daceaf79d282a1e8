import type { LiveSession } from '../../../contracts/live-sessions.ts'
import type { McpMessage } from '../../../contracts/mcp.ts'
import { asGatewayError, GatewayError } from '../../../errors/gateway-error.ts'
import type { UpstreamAnswer } from '../../../http/send-upstream.ts'
import { formatEvent } from '../../../http/split-events.ts'
import { isJsonObject, type JsonObject, objectMember } from '../../../lib/json.ts'
import { randomId } from '../../../lib/random-id.ts'
import type { LegacyClient } from '../../client-session.ts'
import { mirrorArguments } from '../../parameter-headers.ts'
import { QueuedStream } from '../../queued-stream.ts'
import { askClient, type ClientAnswers } from './ask-client.ts'
import { modernClientCapabilities } from './client-capabilities.ts'
import { failCall, legacyError } from './legacy-error.ts'
import { legacyResult } from './legacy-result.ts'
import { addEnvelope, createModernRequest } from './modern-request.ts'
import { followStream, readResponse, requireForeign } from './modern-response.ts'
import type { KnownTool } from './tool-index.ts'

/** What a call of a client of an older revision needs of its surroundings. */
export interface LegacyCallHost {
  readonly message: McpMessage
  readonly client: LegacyClient
  /** Undefined: the client keeps no session, so it cannot be asked anything. */
  readonly session: LiveSession | undefined
  /** What is known of the tool that is called; `anew`: the upstream says that it has changed. */
  findTool(anew: boolean): Promise<KnownTool | undefined>
  /** Sends one request of 2026-07-28. `headers`: `mcp-param-…`. */
  send(request: McpMessage, headers: { readonly [name: string]: string }): Promise<UpstreamAnswer>
  /** Told about the result as the upstream gave it. */
  onResult(result: JsonObject): void
  /** Ends the request that runs upstream. */
  abort(): void
}

/** One request as it went upstream, and what came back. */
interface Round {
  readonly id: string
  readonly answer: UpstreamAnswer
  /** The JSON-RPC response in a buffered answer; undefined when there is none. */
  readonly response: JsonObject | undefined
}

const mostRounds = 8
/** How often an upstream is called while a person does what they agreed to. */
const mostWaits = 300
const headerMismatch = -32020

/**
 * One call of a client of an older revision, carried out by an upstream of 2026-07-28: where the upstream asks for input, the client is asked
 * on the stream of its call, and the upstream called again with the answers (§input_required).
 */
export class LegacyCall {
  readonly #host: LegacyCallHost
  readonly #progressToken = randomId()
  readonly #cancellation = Promise.withResolvers<never>()
  #tool: KnownTool | undefined
  #cancelled: GatewayError | undefined
  #finish: (() => void) | undefined

  constructor(host: LegacyCallHost) {
    this.#host = host
    // Nobody may be waiting when it happens.
    this.#cancellation.promise.catch(() => undefined)
  }

  /** The answer in the client's era. What is not MCP comes as the upstream gave it. */
  async run(): Promise<UpstreamAnswer> {
    const { message, session } = this.#host
    if (message.id !== undefined) this.#finish = session?.begin(message.id, () => this.cancel())
    try {
      return await this.#answer()
    } catch (error) {
      this.#finish?.()
      // What the upstream made of being cut off says less.
      throw this.#cancelled ?? error
    }
  }

  /** The client wants no answer any more, or its credential was withdrawn. */
  cancel(): void {
    // In-band: the status belongs to the HTTP request, and that is in order.
    this.#cancelled = new GatewayError('request_cancelled', { status: 200 })
    this.#cancellation.reject(this.#cancelled)
    this.#host.abort()
  }

  async #answer(): Promise<UpstreamAnswer> {
    if (this.#host.message.method === 'tools/call') this.#tool = await this.#host.findTool(false)
    const first = await this.#sendRound({})
    const { answer, response } = first
    if (answer.kind === 'json' && !asksForInput(response)) {
      if (response === undefined) requireForeign(answer)
      this.#finish?.()
      return response === undefined ? answer : { ...answer, status: statusOf(answer), body: this.#translate(response) }
    }
    if (answer.kind === 'stream' && answer.status !== 200) return answer
    const stream = new QueuedStream(
      answer.upstreamMs,
      () => void this.#converse(first, stream),
      () => this.cancel(),
    )
    return stream
  }

  /** Everything after the first byte goes to the client as events. Never rejects. */
  async #converse(first: Round, stream: QueuedStream): Promise<void> {
    try {
      const { session } = this.#host
      const asked = { session, client: this.#host.client, stream, cancelled: this.#cancellation.promise }
      const acceptedUrls = new Set<string>()
      let response = await this.#responseOf(first, stream)
      let waits = 0
      for (let round = 1; asksForInput(response); round++) {
        const answers: ClientAnswers =
          round > mostRounds
            ? { failure: `The upstream asked for input more than ${mostRounds} times.` }
            : await askClient(response, asked, acceptedUrls)
        if ('failure' in answers) {
          response = { jsonrpc: '2.0', ...failCall(answers.failure, this.#host.message.method) }
          break
        }
        // Waiting for a person costs no round.
        if (answers.isWaiting && ++waits <= mostWaits) round -= 1
        response = await this.#responseOf(await this.#sendRound(answers.params), stream)
      }
      stream.push(formatEvent(this.#translate(response)))
      stream.end()
    } catch (error) {
      stream.end(asGatewayError(error))
    } finally {
      this.#finish?.()
    }
  }

  async #sendRound(input: JsonObject, mayRelist = true): Promise<Round> {
    const { message, client, session } = this.#host
    if (this.#cancelled) throw this.#cancelled
    const id = randomId()
    const params = objectMember(message.body, 'params')
    const request = createModernRequest(
      message.method,
      addEnvelope(
        { ...params, ...input },
        {
          client,
          capabilities: modernClientCapabilities(client.capabilities, session !== undefined),
          logLevel: session?.logLevel,
          progressToken: this.#clientToken === undefined ? undefined : this.#progressToken,
        },
      ),
      id,
    )
    const answer = await this.#host.send(request, mirrorArguments(this.#tool?.headers ?? [], params?.arguments))
    const response = answer.kind === 'json' ? readResponse(answer, id) : undefined
    const isMismatch = isJsonObject(response?.error) && response.error.code === headerMismatch
    if (!isMismatch || !mayRelist || message.method !== 'tools/call') return { id, answer, response }
    // The definition of the tool is another one by now; nothing was done (§x-mcp-header).
    this.#tool = await this.#host.findTool(true)
    return this.#sendRound(input, false)
  }

  async #responseOf({ id, answer, response }: Round, stream: QueuedStream): Promise<JsonObject> {
    if (answer.kind === 'stream' && answer.status === 200) {
      const tokens = { client: this.#clientToken, ours: this.#progressToken }
      return followStream(answer, id, tokens, stream)
    }
    if (answer.kind === 'stream') answer.cancel()
    if (response !== undefined) return response
    throw new GatewayError('upstream_refused', { detail: `upstream answered ${answer.status} to a repeated call` })
  }

  #translate(response: JsonObject): Buffer {
    const { message } = this.#host
    const { result, error, id: _, ...rest } = response
    const translated = isJsonObject(error) ? legacyError(error, message.method) : this.#translateResult(result)
    return Buffer.from(JSON.stringify({ ...rest, jsonrpc: '2.0', id: message.id, ...translated }))
  }

  #translateResult(result: unknown): { readonly result: JsonObject } {
    const { message } = this.#host
    if (!isJsonObject(result)) throw new GatewayError('upstream_protocol_error', { detail: 'the answer has no result' })
    if (result.resultType !== undefined && result.resultType !== 'complete') {
      const detail = `the answer is of the type ${JSON.stringify(result.resultType)?.slice(0, 50)}`
      throw new GatewayError('upstream_protocol_error', { detail })
    }
    this.#host.onResult(result)
    return { result: legacyResult(result, message.method, this.#tool?.wrapsOutput === true) }
  }

  get #clientToken(): unknown {
    const params = objectMember(this.#host.message.body, 'params')
    return params && objectMember(params, '_meta')?.progressToken
  }
}

function asksForInput(response: JsonObject | undefined): boolean {
  return isJsonObject(response?.result) && response.result.resultType === 'input_required'
}

/** Errors that 2026-07-28 sends under 400 or 404 are answered in-band in the older revisions. */
function statusOf({ status }: UpstreamAnswer): number {
  return status < 500 ? 200 : status
}
