import type { Exchange } from '../../contracts/exchange.ts'
import type { McpAnswer, StreamedAnswer } from '../../contracts/handler.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { formatEvent } from '../../http/split-events.ts'
import { objectMember, stringMember } from '../../lib/json.ts'
import { createDiscovery } from '../../mcp/bridge/modern-to-legacy/create-discovery.ts'
import { isMoreVerbose } from '../../mcp/bridge/modern-to-legacy/filter-notification.ts'
import { clientCapabilities } from '../../mcp/bridge/modern-to-legacy/map-capabilities.ts'
import { ParkedCalls } from '../../mcp/bridge/modern-to-legacy/parked-calls.ts'
import { inputResponsesOf, openRequestState, stateOf } from '../../mcp/bridge/modern-to-legacy/request-state.ts'
import { metaOf } from '../../mcp/bridge/modern-to-legacy/strip-envelope.ts'
import { acknowledge, concerns, readSubscription, tag } from '../../mcp/bridge/modern-to-legacy/subscription.ts'
import { logLevelKey } from '../../mcp/eras/2026-07-28/check-envelope.ts'
import { acceptedAnswer, createOwnAnswer } from '../../mcp/own-answer.ts'
import { BridgedCall, type BridgedCallHost, type CallRound } from './bridged-call.ts'
import { describeCaller } from './caller.ts'
import { ListeningStream } from './listening-stream.ts'
import { asRefusal, OtherEra } from './open-session.ts'
import { sendOwn, unsubscribeLeft } from './own-call.ts'
import { RelayedCall } from './relayed-call.ts'
import { processKeyOf, type StdioHost } from './stdio-host.ts'
import type { StdioSession } from './stdio-session.ts'

const parkTtlMs = 5 * 60 * 1000
const mostParked = 1_000
const mostParkedPerPerson = 8

/** Methods that no program of an older revision has in this form. */
const modernOnly: ReadonlySet<string> = new Set(['tasks/get', 'tasks/update', 'tasks/cancel'])

/** Clients of 2026-07-28, in front of programs of either era. */
export class ModernClients {
  readonly #host: StdioHost
  readonly #parked = new ParkedCalls<BridgedCall>({
    ttlMs: parkTtlMs,
    most: mostParked,
    mostPerOwner: mostParkedPerPerson,
  })
  readonly #callHost: BridgedCallHost

  constructor(host: StdioHost) {
    this.#host = host
    const { sessionSealer: sealer, limits } = host
    this.#callHost = { parked: this.#parked, sealer, mostBehindBytes: limits.sseEventBytes }
  }

  async answer(message: McpMessage, exchange: Exchange): Promise<McpAnswer | GatewayError> {
    if (message.kind !== 'request') return acceptedAnswer
    let isGone = false
    exchange.onCancel(() => {
      isGone = true
    })
    const process = await this.#openProcess(exchange)
    if (isGone) return new GatewayError('request_cancelled')
    if (process.era === 'legacy') return this.#bridge(message, exchange, process)
    const caller = describeCaller(message, exchange, undefined, undefined)
    const call = new RelayedCall(process, message, caller, this.#host.limits.sseEventBytes)
    exchange.onCancel(() => call.cancel())
    return call.run()
  }

  close(): void {
    this.#parked.close()
  }

  /** Of the client's own era, unless the program does not speak it. */
  async #openProcess(exchange: Exchange): Promise<StdioSession> {
    const { pool, verdicts } = this.#host
    if (verdicts.eraFor('modern', '') === 'modern') {
      const opened = await pool.open(processKeyOf(this.#host, 'modern', exchange)).catch((error: unknown) => {
        // Programs of older revisions may also end, or say nothing, when they are asked what they do not know.
        const mayBeOlder = error instanceof OtherEra || error instanceof GatewayError
        if (!mayBeOlder || !verdicts.mayLearn) throw asRefusal(error)
      })
      if (opened) return opened
    }
    const process = await pool.open(processKeyOf(this.#host, 'legacy', exchange)).catch((error: unknown) => {
      throw asRefusal(error)
    })
    verdicts.note('', 'legacy')
    return process
  }

  #bridge(
    message: McpMessage,
    exchange: Exchange,
    process: StdioSession,
  ): McpAnswer | GatewayError | Promise<McpAnswer | GatewayError> {
    if (modernOnly.has(message.method)) {
      return new GatewayError('message_method_unknown', { message: `Method not found: ${message.method}` })
    }
    if (message.method === 'server/discover') {
      return { ...createOwnAnswer(message, createDiscovery(process.opened)), isOwn: false }
    }
    if (message.method === 'subscriptions/listen') return this.#listen(message, exchange, process)
    const round = this.#describeRound(message, exchange)
    const parked = this.#findParked(round)
    if (parked instanceof GatewayError) return parked
    const call = parked ?? new BridgedCall(this.#callHost, process, round)
    exchange.onCancel(() => call.cancel())
    if (parked !== undefined) return parked.goOn(round)
    lowerLogLevel(process, round)
    return call.run()
  }

  #describeRound(message: McpMessage, exchange: Exchange): CallRound {
    const { owner, capabilities } = describeCaller(message, exchange, undefined, undefined)
    const meta = metaOf(message.body)
    return {
      message,
      exchange,
      owner,
      capabilities: clientCapabilities(capabilities),
      wishes: { progressToken: meta.progressToken, logLevel: stringMember(meta, logLevelKey) },
    }
  }

  /** The call that waits for these answers; undefined for a first round, and where the call is to be sent again. */
  #findParked({ message, exchange }: CallRound): BridgedCall | GatewayError | undefined {
    const sealed = stateOf(message)
    if (sealed === undefined) {
      return inputResponsesOf(message) === undefined ? undefined : new GatewayError('input_state_invalid')
    }
    const state = openRequestState(this.#host.sessionSealer, sealed, message, exchange)
    if (state === undefined) return new GatewayError('input_state_invalid')
    if (state.expiresAtMs < Date.now()) return new GatewayError('input_expired')
    if (state.parked === undefined) return undefined
    // Never sent again by itself: the program may have done it already.
    return this.#parked.take(state.parked) ?? new GatewayError('input_expired')
  }

  #listen(message: McpMessage, exchange: Exchange, process: StdioSession): StreamedAnswer {
    const { owner } = describeCaller(message, exchange, undefined, undefined)
    const capabilities = objectMember(process.opened, 'capabilities') ?? {}
    const wanted = readSubscription(message.id ?? '', objectMember(message.body, 'params') ?? {}, capabilities)
    const key = processKeyOf(this.#host, 'legacy', exchange)
    const listening: ListeningStream = new ListeningStream({
      owner,
      mostBehindBytes: this.#host.limits.sseEventBytes,
      subscriptions: () => wanted.resources,
      shape: (notification) => (concerns(notification, wanted) ? tag(notification, wanted) : undefined),
      onEnd: () => {
        release()
        const current = this.#host.pool.find(key)
        if (current) unsubscribeLeft(current, wanted.resources, listening)
      },
    })
    const release = this.#host.pool.listen(key, listening)
    exchange.onCancel(() => listening.end())
    listening.stream.push(formatEvent(JSON.stringify(acknowledge(wanted))))
    for (const uri of wanted.resources) {
      process.subscribe(uri, listening)
      sendOwn(process, owner, 'resources/subscribe', { uri })
    }
    return listening.stream
  }
}

/** The level belongs to the process, which several calls share; each call takes its own part. */
function lowerLogLevel(process: StdioSession, { owner, wishes }: CallRound): void {
  const { logLevel } = wishes
  const offersLogging = objectMember(objectMember(process.opened, 'capabilities') ?? {}, 'logging') !== undefined
  if (logLevel === undefined || !offersLogging) return
  if (process.logLevel !== undefined && !isMoreVerbose(logLevel, process.logLevel)) return
  process.logLevel = logLevel
  sendOwn(process, owner, 'logging/setLevel', { level: logLevel })
}
