import type { Exchange } from '../../contracts/exchange.ts'
import type { McpAnswer, StreamedAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { eventData, formatEvent } from '../../http/split-events.ts'
import { isJsonObject, type JsonObject, objectMember } from '../../lib/json.ts'
import { exposeServerMessage } from '../../mcp/aggregate/expose-result.ts'
import type { Naming } from '../../mcp/aggregate/locate-target.ts'
import { honouredOf, joinHonoured, splitWishes } from '../../mcp/aggregate/split-wishes.ts'
import { subscriptionIdKey } from '../../mcp/eras/2026-07-28/check-envelope.ts'
import { QueuedStream } from '../../mcp/queued-stream.ts'
import { type AggregateMember, withParams } from './member.ts'

const acknowledged = 'notifications/subscriptions/acknowledged'

interface Source {
  readonly member: string
  readonly stream: StreamedAnswer
}

/**
 * `subscriptions/listen` of 2026-07-28: one stream of what all members announce. Members that do not answer within `memberMs` are left out,
 * and one whose stream ends is not the end of the others; what is honoured says so.
 */
export async function listenToMembers(
  message: McpMessage,
  exchange: Exchange,
  members: ReadonlyMap<string, AggregateMember>,
  naming: Naming,
  memberMs: number,
): Promise<McpAnswer> {
  const params = objectMember(message.body, 'params') ?? {}
  const parts = splitWishes(objectMember(params, 'notifications') ?? {}, naming.members)
  const asked = [...parts].flatMap(([name, notifications]) => {
    const member = members.get(name)
    const part = withParams(message, { ...params, notifications })
    return member ? [openSource(member, part, exchange, memberMs)] : []
  })
  const sources = (await Promise.all(asked)).filter((source) => source !== undefined)
  return new MergedSubscriptions(sources, message, naming, memberMs).stream
}

async function openSource(
  member: AggregateMember,
  message: McpMessage,
  exchange: Exchange,
  memberMs: number,
): Promise<Source | undefined> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), memberMs)
  const asking = member.ask({ message, exchange, session: undefined, signal: deadline.signal })
  const outcome = await Promise.race([asking, abortOf(deadline.signal)])
  clearTimeout(timer)
  // What comes too late ends by the same signal.
  if (outcome === undefined || outcome instanceof GatewayError || outcome.answer.kind !== 'stream') return undefined
  return { member: member.name, stream: outcome.answer }
}

function abortOf(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
}

class MergedSubscriptions {
  readonly stream: QueuedStream
  readonly #sources: readonly Source[]
  readonly #message: McpMessage
  readonly #naming: Naming
  readonly #memberMs: number
  readonly #honoured = new Map<string, JsonObject>()
  /** What came before the acknowledgement, which goes first. */
  #early: Buffer[] | undefined = []
  #deadline: NodeJS.Timeout | undefined
  #open: number

  constructor(sources: readonly Source[], message: McpMessage, naming: Naming, memberMs: number) {
    this.#sources = sources
    this.#message = message
    this.#naming = naming
    this.#memberMs = memberMs
    this.#open = sources.length
    this.stream = new QueuedStream(
      0,
      () => this.#begin(),
      () => this.#cancel(),
    )
    this.stream.onResume = () => {
      for (const { stream } of sources) stream.resume()
    }
  }

  #begin(): void {
    this.#deadline = setTimeout(() => this.#acknowledge(), this.#memberMs)
    for (const source of this.#sources) {
      source.stream.read({
        onEvent: (event) => this.#take(source.member, event),
        onEnd: () => this.#end(),
      })
    }
    if (this.#open === 0) this.#acknowledge()
  }

  /** Never throws: what is not JSON-RPC is left out. */
  #take(member: string, event: Buffer): boolean {
    const data = eventData(event)
    const sent = data && parse(data)
    if (sent === undefined || typeof sent.method !== 'string') return true
    if (sent.method === acknowledged) {
      this.#honoured.set(member, honouredOf(sent))
      if (this.#honoured.size === this.#sources.length) this.#acknowledge()
      return true
    }
    const exposed = formatEvent(JSON.stringify(exposeServerMessage(sent, { ...this.#naming, member })))
    if (this.#early === undefined) return this.stream.push(exposed)
    this.#early.push(exposed)
    return true
  }

  #acknowledge(): void {
    clearTimeout(this.#deadline)
    const early = this.#early
    if (early === undefined) return
    this.#early = undefined
    const params = { notifications: joinHonoured(this.#honoured), _meta: this.#meta() }
    this.stream.push(formatEvent(JSON.stringify({ jsonrpc: '2.0', method: acknowledged, params })))
    for (const event of early) this.stream.push(event)
  }

  /** With the last source the subscription ends, in order; the client may listen again. */
  #end(): void {
    this.#open -= 1
    if (this.#open > 0) return
    this.#acknowledge()
    const result = { resultType: 'complete', _meta: this.#meta() }
    this.stream.push(formatEvent(JSON.stringify({ jsonrpc: '2.0', id: this.#message.id, result })))
    this.stream.end()
  }

  #cancel(): void {
    clearTimeout(this.#deadline)
    for (const { stream } of this.#sources) stream.cancel()
  }

  #meta(): JsonObject {
    return { [subscriptionIdKey]: this.#message.id }
  }
}

function parse(bytes: Buffer): JsonObject | undefined {
  try {
    const sent: unknown = JSON.parse(bytes.toString('utf8'))
    return isJsonObject(sent) ? sent : undefined
  } catch {
    return undefined
  }
}
