import type { Exchange } from '../../contracts/exchange.ts'
import type { McpAnswer, StreamedAnswer } from '../../contracts/handler.ts'
import type { LiveSession } from '../../contracts/live-sessions.ts'
import type { McpMessage } from '../../contracts/mcp.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { UpstreamAnswer } from '../../http/send-upstream.ts'
import { type JsonObject, objectMember } from '../../lib/json.ts'
import { answerLocally } from '../../mcp/bridge/legacy-to-modern/answer-locally.ts'
import { modernClientCapabilities } from '../../mcp/bridge/legacy-to-modern/client-capabilities.ts'
import { initializeResult } from '../../mcp/bridge/legacy-to-modern/initialize-result.ts'
import { LegacyCall } from '../../mcp/bridge/legacy-to-modern/legacy-call.ts'
import { addEnvelope } from '../../mcp/bridge/legacy-to-modern/modern-request.ts'
import { SessionStream } from '../../mcp/bridge/legacy-to-modern/session-stream.ts'
import { ToolFinder } from '../../mcp/bridge/legacy-to-modern/tool-finder.ts'
import { type ClientSession, type LegacyClient, unknownLegacyClient } from '../../mcp/client-session.ts'
import { type Caller, ownerOf } from './caller.ts'
import { OwnCall } from './own-call.ts'
import { RelayedCall } from './relayed-call.ts'
import { processKeyOf, type StdioHost } from './stdio-host.ts'
import type { StdioSession } from './stdio-session.ts'

/** A client of an older revision, and the program that answers it. */
export interface UpgradedHop {
  readonly process: StdioSession
  readonly caller: Caller
  /** Undefined: the client keeps none. */
  readonly session: ClientSession | undefined
  readonly exchange: Exchange
}

/** Clients of older revisions in front of a program of 2026-07-28. */
export class UpgradedClients {
  readonly #host: StdioHost
  readonly #tools = new ToolFinder()

  constructor(host: StdioHost) {
    this.#host = host
  }

  /** `initialize`, from what the program said to `server/discover`. */
  describe({ opened }: StdioSession, client: LegacyClient): JsonObject {
    return initializeResult(opened, client.protocolVersion, this.#host.hasStream)
  }

  /** Any other request. */
  async answer(message: McpMessage, hop: UpgradedHop): Promise<McpAnswer | GatewayError> {
    const { process, caller, session, exchange } = hop
    const local = answerLocally(message, caller.live)
    if (local) {
      const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...local }))
      return { kind: 'json', status: 200, body, headers: {}, upstreamMs: 0, isOwn: true }
    }
    const client = session?.client ?? unknownLegacyClient(message.protocolVersion)
    let running: RelayedCall | undefined
    const call = new LegacyCall({
      message,
      client,
      session: caller.live,
      findTool: (anew) => this.#findTool(message.name ?? '', anew, hop, client),
      send: (request) => {
        running = this.#start(process, request, caller.owner)
        return finish(running)
      },
      onResult: (result) => {
        const isFirstPage = objectMember(message.body, 'params')?.cursor === undefined
        if (message.method === 'tools/list') this.#tools.note(caller.owner, result, isFirstPage)
      },
      abort: () => running?.cancel(),
    })
    exchange.onCancel(() => call.cancel())
    return call.run()
  }

  /** GET: what the program announces, by `subscriptions/listen`. */
  openStream(exchange: Exchange, session: ClientSession, live: LiveSession): StreamedAnswer {
    const owner = ownerOf(exchange, session)
    const opened = new SessionStream({
      client: session.client,
      session: live,
      onToolsChanged: () => this.#tools.forget(owner),
      listen: async (request, onAbort) => {
        const process = await this.#host.pool.open(processKeyOf(this.#host, 'modern', exchange))
        const listening = this.#start(process, request, owner)
        onAbort(() => listening.cancel())
        return finish(listening)
      },
    })
    exchange.onCancel(opened.end)
    return opened.stream
  }

  /** The names of both sides are the gateway's own here: those of the client are known to the bridge. */
  #start(process: StdioSession, request: McpMessage, owner: string): RelayedCall {
    const asks: Caller = { owner, capabilities: {}, live: undefined }
    return new RelayedCall(process, request, asks, this.#host.limits.sseEventBytes)
  }

  #findTool(name: string, anew: boolean, { process, caller }: UpgradedHop, client: LegacyClient) {
    const capabilities = modernClientCapabilities(client.capabilities, false)
    const envelope = { client, capabilities, logLevel: undefined, progressToken: undefined }
    return this.#tools.find(caller.owner, name, anew, (params) => {
      return new Promise((resolve, reject) => {
        const request = { jsonrpc: '2.0', method: 'tools/list', params: addEnvelope(params, envelope) }
        process.start(new OwnCall(caller.owner, false, resolve, reject), request, false)
      })
    })
  }
}

/** Runs it. Rejects with the refusal. */
async function finish(call: RelayedCall): Promise<UpstreamAnswer> {
  const answer = await call.run()
  if (answer instanceof GatewayError) throw answer
  const responseHeaders = {}
  if (answer.kind === 'json') return { ...answer, responseHeaders }
  const { kind, status, headers, upstreamMs } = answer
  return {
    kind,
    status,
    headers,
    upstreamMs,
    responseHeaders,
    read: (reader) => answer.read(reader),
    resume: () => answer.resume(),
    cancel: () => answer.cancel(),
  }
}
