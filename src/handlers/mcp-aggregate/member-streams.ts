import { setTimeout as delay } from 'node:timers/promises'
import type { Exchange } from '../../contracts/exchange.ts'
import type { StreamedAnswer } from '../../contracts/handler.ts'
import type { LiveSession } from '../../contracts/live-sessions.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { eventData, formatEvent } from '../../http/split-events.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { exposeServerMessage } from '../../mcp/aggregate/expose-result.ts'
import type { Naming } from '../../mcp/aggregate/locate-target.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import { QueuedStream } from '../../mcp/queued-stream.ts'
import type { AggregateMember, MemberStream } from './member.ts'

/** What the stream of one session is made of. */
export interface MemberStreamsOptions {
  readonly members: readonly AggregateMember[]
  readonly naming: Naming
  readonly exchange: Exchange
  readonly session: ClientSession
  readonly live: LiveSession
}

const firstRetryMs = 1_000
const longestRetryMs = 30_000

/**
 * The GET stream of a client of an older revision: what the members announce in their sessions for this client, as it comes. A member whose
 * stream breaks is listened to again; one that has none, or does not answer, keeps the others from nothing.
 */
export class MemberStreams {
  readonly stream: QueuedStream
  readonly #options: MemberStreamsOptions
  /** The streams that are read, each with its end. */
  readonly #open = new Map<StreamedAnswer, () => void>()
  readonly #over = new AbortController()

  constructor(options: MemberStreamsOptions) {
    this.#options = options
    this.stream = new QueuedStream(
      0,
      () => this.#begin(),
      () => this.#end(),
    )
    this.stream.onResume = () => {
      for (const source of this.#open.keys()) source.resume()
    }
    options.live.attachStream(this.#end)
  }

  #begin(): void {
    for (const member of this.#options.members) void this.#follow(member)
  }

  /** As a server ends it: the client may open another one. */
  readonly #end = (): void => {
    if (this.#isOver) return
    this.#over.abort()
    this.#options.live.detachStream(this.#end)
    for (const [source, finish] of this.#open) {
      source.cancel()
      finish()
    }
    this.stream.end()
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted
  }

  /** Never rejects. */
  async #follow(member: AggregateMember): Promise<void> {
    const { session, exchange } = this.#options
    let retryMs = firstRetryMs
    while (!this.#isOver) {
      const opened = await member.openStream(session, exchange)
      if (opened instanceof GatewayError) {
        if (hasNone(opened)) return
        retryMs = Math.min(retryMs * 2, longestRetryMs)
      } else {
        await this.#relay(member.name, opened)
        retryMs = firstRetryMs
      }
      await delay(retryMs, undefined, { ref: false, signal: this.#over.signal }).catch(() => undefined)
    }
  }

  /** Until it ends, however it does. */
  #relay(member: string, { source, leave }: MemberStream): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        if (this.#open.delete(source)) leave()
        resolve()
      }
      this.#open.set(source, finish)
      if (this.#isOver) {
        source.cancel()
        return finish()
      }
      source.read({ onEvent: (event) => this.#take(member, event), onEnd: finish })
    })
  }

  /** Never throws: what is not JSON-RPC is left out, and so are responses, which belong on the streams of their calls. */
  #take(member: string, event: Buffer): boolean {
    const data = eventData(event)
    const sent = data && parse(data)
    if (typeof sent?.method !== 'string') return true
    const exposed = exposeServerMessage(sent, { ...this.#options.naming, member })
    return this.stream.push(formatEvent(JSON.stringify(exposed)))
  }
}

/** It never will have one in this session; who is not connected may be so later. */
function hasNone({ reason, cause }: GatewayError): boolean {
  return reason === 'method_not_allowed' && !(cause instanceof GatewayError)
}

function parse(bytes: Buffer): JsonObject | undefined {
  try {
    const sent: unknown = JSON.parse(bytes.toString('utf8'))
    return isJsonObject(sent) ? sent : undefined
  } catch {
    return undefined
  }
}
