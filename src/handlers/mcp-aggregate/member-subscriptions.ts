import { setTimeout as delay } from 'node:timers/promises'
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
  /** Listens to the member once more; undefined when it does not answer. */
  reopen(): Promise<Source | undefined>
}

const firstRetryMs = 1_000
const longestRetryMs = 30_000

/**
 * `subscriptions/listen` of 2026-07-28: one stream of what all members announce. Members that do not answer within `memberMs` are left out,
 * as what is honoured says. A member whose stream ends while others go on is listened to again.
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
  const reopen = () =>
    openSource(member, withParams(message, objectMember(message.body, 'params') ?? {}), exchange, memberMs)
  return { member: member.name, stream: outcome.answer, reopen }
}

function abortOf(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
}

class MergedSubscriptions {
  readonly stream: QueuedStream
  readonly #sources: readonly Source[]
  readonly #open: Set<Source>
  readonly #over = new AbortController()
  readonly #message: McpMessage
  readonly #naming: Naming
  readonly #memberMs: number
  readonly #honoured = new Map<string, JsonObject>()
  /** What came before the acknowledgement, which goes first. */
  #early: Buffer[] | undefined = []
  #deadline: NodeJS.Timeout | undefined

  constructor(sources: readonly Source[], message: McpMessage, naming: Naming, memberMs: number) {
    this.#sources = sources
    this.#message = message
    this.#naming = naming
    this.#memberMs = memberMs
    this.#open = new Set(sources)
    this.stream = new QueuedStream(
      0,
      () => this.#begin(),
      () => this.#cancel(),
    )
    this.stream.onResume = () => {
      for (const { stream } of this.#open) stream.resume()
    }
  }

  #begin(): void {
    this.#deadline = setTimeout(() => this.#acknowledge(), this.#memberMs)
    for (const source of this.#sources) this.#follow(source)
    if (this.#open.size === 0) this.#acknowledge()
  }

  #follow(source: Source): void {
    source.stream.read({
      onEvent: (event) => this.#take(source.member, event),
      onEnd: () => this.#end(source),
    })
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
  #end(source: Source): void {
    this.#open.delete(source)
    if (this.#over.signal.aborted) return
    if (this.#open.size > 0) return void this.#listenAgain(source)
    this.#over.abort()
    this.#acknowledge()
    const result = { resultType: 'complete', _meta: this.#meta() }
    this.stream.push(formatEvent(JSON.stringify({ jsonrpc: '2.0', id: this.#message.id, result })))
    this.stream.end()
  }

  /** What it announced meanwhile is lost, as with any stream that breaks. Never rejects. */
  async #listenAgain(ended: Source): Promise<void> {
    const { signal } = this.#over
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, longestRetryMs)) {
      await delay(retryMs, undefined, { ref: false, signal }).catch(() => undefined)
      if (signal.aborted) return
      const source = await ended.reopen()
      if (source === undefined) continue
      if (signal.aborted) return source.stream.cancel()
      this.#open.add(source)
      return this.#follow(source)
    }
  }

  #cancel(): void {
    clearTimeout(this.#deadline)
    this.#over.abort()
    for (const { stream } of this.#open) stream.cancel()
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
