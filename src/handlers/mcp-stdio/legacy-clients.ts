import type { Exchange } from '../../contracts/exchange.ts'
import type { McpAnswer, StreamedAnswer } from '../../contracts/handler.ts'
import type { LiveSession } from '../../contracts/live-sessions.ts'
import type { Era, McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../lib/json.ts'
import { isMoreVerbose } from '../../mcp/bridge/modern-to-legacy/filter-notification.ts'
import {
  beginClientSession,
  type ClientSession,
  describeLegacyClient,
  type LegacyClient,
  openClientSession,
  sealClientSession,
} from '../../mcp/client-session.ts'
import { sessionOwnerOf } from '../../mcp/live-sessions.ts'
import { acceptedAnswer, createKnownAnswer, createOwnAnswer } from '../../mcp/own-answer.ts'
import { agreeOnLegacyVersion } from '../../mcp/protocol-versions.ts'
import { type Caller, describeCaller, ownerOf } from './caller.ts'
import { ListeningStream } from './listening-stream.ts'
import { asRefusal, OtherEra } from './open-session.ts'
import { unsubscribeLeft } from './own-call.ts'
import { RelayedCall } from './relayed-call.ts'
import { processKeyOf, type StdioHost } from './stdio-host.ts'
import type { StdioSession } from './stdio-session.ts'
import { UpgradedClients } from './upgraded-clients.ts'

interface OpenedSession {
  readonly session: ClientSession | undefined
  readonly live: LiveSession | undefined
}

/** Clients of 2025-11-25 and older. Their sessions are the gateway's: the program knows only its one conversation. */
export class LegacyClients {
  readonly #host: StdioHost
  readonly #upgraded: UpgradedClients
  /** How to end each stream that hears a program of the same era. */
  readonly #streams = new Set<() => void>()

  constructor(host: StdioHost) {
    this.#host = host
    this.#upgraded = new UpgradedClients(host)
  }

  async answer(message: McpMessage, exchange: Exchange): Promise<McpAnswer | GatewayError> {
    const opened = message.method === 'initialize' ? noSession : this.#openSession(exchange)
    if (opened instanceof GatewayError) return opened
    const caller = describeCaller(message, exchange, opened.session, opened.live)
    if (message.kind !== 'request') return this.#accept(message, exchange, caller)
    if (message.method === 'ping') return createOwnAnswer(message, {})
    let isGone = false
    exchange.onCancel(() => {
      isGone = true
    })
    const process = await this.#openProcess(exchange)
    if (isGone) return new GatewayError('request_cancelled')
    if (message.method === 'initialize') return this.#initialize(message, exchange, process)
    if (process.era === 'modern') {
      return this.#upgraded.answer(message, { process, caller, session: opened.session, exchange })
    }
    if (!this.#mustRelay(message, caller, process)) return createOwnAnswer(message, {})
    const call = new RelayedCall(process, message, caller, this.#host.limits.sseEventBytes)
    exchange.onCancel(() => call.cancel())
    return call.run()
  }

  /** GET: what belongs to no call. */
  openStream(exchange: Exchange): StreamedAnswer | GatewayError {
    const opened = this.#openSession(exchange)
    if (opened instanceof GatewayError) return opened
    const { session, live } = opened
    if (session === undefined || live === undefined) return new GatewayError('session_unknown')
    if (this.#isModern) return this.#upgraded.openStream(exchange, session, live)
    const end = () => listening.end()
    const listening: ListeningStream = new ListeningStream({
      owner: ownerOf(exchange, session),
      mostBehindBytes: this.#host.limits.sseEventBytes,
      subscriptions: () => live.subscriptions,
      shape: (notification) => (wantsLog(notification, live.logLevel) ? notification : undefined),
      onEnd: () => {
        this.#streams.delete(end)
        live.detachStream(end)
        release()
      },
    })
    const release = this.#host.pool.listen(processKeyOf(this.#host, 'legacy', exchange), listening)
    this.#streams.add(end)
    live.attachStream(end)
    exchange.onCancel(end)
    return listening.stream
  }

  /** DELETE. */
  endSession(exchange: Exchange): GatewayError | undefined {
    const opened = this.#openSession(exchange)
    if (opened instanceof GatewayError) return opened
    const { session, live } = opened
    if (session === undefined || live === undefined) return new GatewayError('session_unknown')
    this.#unsubscribeAll(live, exchange)
    this.#host.liveSessions.end(session.key, sessionOwnerOf(exchange))
    return undefined
  }

  #unsubscribeAll(live: LiveSession, exchange: Exchange): void {
    const process = this.#host.pool.find(processKeyOf(this.#host, 'legacy', exchange))
    const uris = live.subscriptions
    for (const uri of uris) live.unsubscribe(uri)
    if (process) unsubscribeLeft(process, uris, live)
  }

  /** Clients without a session are served as well; they cannot be asked anything. */
  #openSession(exchange: Exchange): OpenedSession | GatewayError {
    const id = exchange.headers['mcp-session-id']
    if (id === undefined) return noSession
    const session = openClientSession(this.#host.sessionSealer, String(id), exchange)
    const live = session && this.#host.liveSessions.open(session.key, sessionOwnerOf(exchange))
    return live === undefined ? new GatewayError('session_unknown') : { session, live }
  }

  #accept(message: McpMessage, exchange: Exchange, { live }: Caller): McpAnswer {
    if (message.kind === 'response') live?.answer(String(message.id), message.body)
    else if (message.method === 'notifications/cancelled') {
      const requestId = objectMember(message.body, 'params')?.requestId
      if (typeof requestId === 'string' || typeof requestId === 'number') live?.cancel(requestId)
    } else if (message.method === 'notifications/roots/list_changed' && !this.#host.isShared && exchange.subject) {
      this.#host.pool.find(processKeyOf(this.#host, 'legacy', exchange))?.tell(message.body)
    }
    return acceptedAnswer
  }

  get #isModern(): boolean {
    return this.#host.verdicts.eraFor('legacy', '') === 'modern'
  }

  /** Of the client's own era, unless the program does not speak it. */
  async #openProcess(exchange: Exchange): Promise<StdioSession> {
    const { pool, verdicts } = this.#host
    const open = (era: Era) => pool.open(processKeyOf(this.#host, era, exchange))
    if (!this.#isModern) {
      const opened = await open('legacy').catch((error: unknown) => {
        if (!(error instanceof OtherEra) || !verdicts.mayLearn) throw asRefusal(error)
      })
      if (opened) return opened
    }
    const process = await open('modern').catch((error: unknown) => {
      verdicts.forget('')
      throw asRefusal(error)
    })
    verdicts.note('', 'modern')
    // Nothing would come on them. Clients open others, which hear this program.
    for (const end of this.#streams) end()
    return process
  }

  /** Answered from what the program said once. */
  #initialize(message: McpMessage, exchange: Exchange, process: StdioSession): McpAnswer {
    const client = describeLegacyClient(message)
    const session = beginClientSession(client, undefined)
    exchange.setResponseHeader('mcp-session-id', sealClientSession(this.#host.sessionSealer, session, exchange))
    const result = process.era === 'modern' ? this.#upgraded.describe(process, client) : this.#describe(process, client)
    // The program gave it, so policies read it.
    return createKnownAnswer(message, result)
  }

  #describe({ opened }: StdioSession, client: LegacyClient): JsonObject {
    const agreed = agreeOnLegacyVersion(client.protocolVersion)
    const spoken = stringMember(opened, 'protocolVersion') ?? agreed
    // Revisions are dates: the older of the two is one that both sides know.
    const protocolVersion = spoken < agreed ? spoken : agreed
    const capabilities = objectMember(opened, 'capabilities') ?? {}
    const result = { ...opened, protocolVersion }
    return this.#host.hasStream ? result : { ...result, capabilities: withoutStream(capabilities) }
  }

  /** False where the program is not to hear it: what one client sets must not take from another. */
  #mustRelay(message: McpMessage, { live }: Caller, process: StdioSession): boolean {
    const params = objectMember(message.body, 'params') ?? {}
    const uri = stringMember(params, 'uri')
    if (message.method === 'resources/subscribe' && uri !== undefined && live?.subscribe(uri)) {
      process.subscribe(uri, live)
    }
    if (message.method === 'resources/unsubscribe') {
      if (uri === undefined || live === undefined) return !this.#host.isShared
      live.unsubscribe(uri)
      return process.unsubscribe(uri, live)
    }
    if (message.method !== 'logging/setLevel') return true
    const level = stringMember(params, 'level') ?? ''
    if (live) live.logLevel = level
    if (process.logLevel !== undefined && !isMoreVerbose(level, process.logLevel)) return false
    process.logLevel = level
    return true
  }
}

const noSession: OpenedSession = { session: undefined, live: undefined }

function wantsLog(notification: JsonObject, wanted: string | undefined): boolean {
  if (notification.method !== 'notifications/message' || wanted === undefined) return true
  return !isMoreVerbose(stringMember(objectMember(notification, 'params') ?? {}, 'level') ?? '', wanted)
}

/** Nothing is promised that would arrive on a stream which clients cannot open here. */
function withoutStream(capabilities: JsonObject): JsonObject {
  const entries = Object.entries(capabilities).map(([name, value]) => {
    if (!isJsonObject(value)) return [name, value] as const
    const { listChanged: _, subscribe: __, ...rest } = value
    return [name, rest] as const
  })
  return Object.fromEntries(entries)
}
