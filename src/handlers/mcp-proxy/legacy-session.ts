import type { UpstreamCredential } from '../../contracts/credential.ts'
import type { UpstreamHeaders } from '../../contracts/exchange.ts'
import { discardAnswer, type UpstreamAnswer } from '../../http/send-upstream.ts'
import { isJsonObject, type JsonObject, objectMember } from '../../lib/json.ts'
import type { MirroredTools } from '../../mcp/bridge/modern-to-legacy/check-parameter-headers.ts'
import { isMoreVerbose } from '../../mcp/bridge/modern-to-legacy/filter-notification.ts'
import { readResponse } from '../../mcp/initialize-upstream.ts'
import type { ParameterHeader } from '../../mcp/parameter-headers.ts'
import type { PooledSession } from '../../mcp/upstream-sessions.ts'
import { SessionListeners } from './session-listeners.ts'
import type { Upstream, UpstreamExchange } from './upstream.ts'
import { buildSessionHeaders } from './upstream-headers.ts'

/** In whose name the requests of a session are sent. It outlives the exchange it came from. */
export interface UpstreamCaller {
  readonly search: string
  readonly upstreamHeaders: UpstreamHeaders
  readonly credential: UpstreamCredential | undefined
}

/** What the upstream agreed to. */
export interface SessionTerms {
  /** Undefined: the upstream keeps no sessions. */
  readonly id: string | undefined
  readonly protocolVersion: string | undefined
  /** The result of `initialize`. */
  readonly initialized: JsonObject
}

/** The upstream knows the session no more, and did nothing. */
export class SessionGone extends Error {}

const mostMirroredTools = 1_000
const mostTelling = 64

/** One session of an upstream of an older revision, which the gateway opened for one person. */
export class LegacySession implements PooledSession {
  readonly terms: SessionTerms
  readonly #upstream: Upstream
  /** Of the last use: a refreshed token takes the place of the one before. */
  #caller: UpstreamCaller
  #lastId = 0
  #users = 0
  readonly listeners = new SessionListeners(this)
  /** Called when the upstream turns out not to know the session. */
  onGone: (() => void) | undefined
  #retired = false
  #telling = 0
  #logLevel: string | undefined
  #mirroredTools: MirroredTools = new Map()
  #ended: Promise<void> | undefined

  constructor(upstream: Upstream, terms: SessionTerms, caller: UpstreamCaller) {
    this.#upstream = upstream
    this.terms = terms
    this.#caller = caller
  }

  get isBusy(): boolean {
    return this.#users > 0
  }

  /** An id that no other request in this session has: clients all begin with the same ones. */
  nextId(): number {
    return ++this.#lastId
  }

  /** The upstream forgot the session (404), or says in the way of some servers that it does not know it. */
  isUnknownTo(answer: UpstreamAnswer): boolean {
    if (this.terms.id === undefined) return false
    if (answer.status === 404) return true
    return answer.status === 400 && answer.kind === 'json' && /session/i.test(answer.body.toString('utf8', 0, 1000))
  }

  /** Something begins to run in the session. Call the result once, when it is over. */
  use(caller: UpstreamCaller): () => void {
    this.#caller = caller
    this.#users++
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      if (--this.#users === 0 && this.#retired) void this.end()
    }
  }

  /** Sends one message. `idleMs`: the longest silence in the answer. */
  send(body: JsonObject, caller: UpstreamCaller = this.#caller, idleMs?: number): UpstreamExchange {
    const headers = buildSessionHeaders(caller, this.terms, 'application/json, text/event-stream')
    headers.push('content-type', 'application/json')
    return this.#upstream.request({ headers, search: caller.search, body: Buffer.from(JSON.stringify(body)), idleMs })
  }

  /** Sends a notification or response. Resolves with the HTTP status, 0 when the upstream could not be reached. */
  async tell(body: JsonObject, caller: UpstreamCaller = this.#caller): Promise<number> {
    // An upstream that asks without end is not answered without end.
    if (this.#telling >= mostTelling) return 0
    this.#telling++
    try {
      const answer = await this.send(body, caller).answer
      discardAnswer(answer)
      return answer.status
    } catch {
      return 0
    } finally {
      this.#telling--
    }
  }

  /** Takes a page of the list of tools. */
  noteTools(page: MirroredTools): void {
    if (page.size > 0) this.#mirroredTools = new Map([...this.#mirroredTools, ...page].slice(-mostMirroredTools))
  }

  /** Arguments of a tool that travel in headers as well, as far as it was listed in this session. */
  mirroredArguments(tool: string | undefined): readonly ParameterHeader[] {
    return (tool === undefined ? undefined : this.#mirroredTools.get(tool)) ?? []
  }

  /** Makes the upstream log at least from this level on. The level belongs to the session; each call takes its own part of it. */
  async lowerLogLevel(level: string, caller: UpstreamCaller): Promise<void> {
    const capabilities = objectMember(this.terms.initialized, 'capabilities')
    if (capabilities?.logging === undefined) return
    if (this.#logLevel !== undefined && !isMoreVerbose(level, this.#logLevel)) return
    this.#logLevel = level
    await this.ask('logging/setLevel', { level }, caller)
  }

  /** Asks the upstream for something of the gateway's own; true when it agreed. */
  async ask(method: string, params: JsonObject, caller: UpstreamCaller = this.#caller): Promise<boolean> {
    try {
      const { answer } = this.send({ jsonrpc: '2.0', id: this.nextId(), method, params }, caller)
      return isJsonObject((await readResponse(await answer)).result)
    } catch {
      return false
    }
  }

  /** The stream of messages that belong to no request. `lastEventId`: where it goes on. */
  listen(lastEventId: string | undefined): UpstreamExchange {
    return this.#get(lastEventId, true)
  }

  /** The rest of the answer to a request, which broke off after `lastEventId`. */
  resume(lastEventId: string): UpstreamExchange {
    return this.#get(lastEventId, false)
  }

  #get(lastEventId: string | undefined, isLasting: boolean): UpstreamExchange {
    const headers = buildSessionHeaders(this.#caller, this.terms, 'text/event-stream')
    if (lastEventId !== undefined) headers.push('last-event-id', lastEventId)
    return this.#upstream.request({ method: 'GET', headers, search: this.#caller.search, isLasting })
  }

  retire(): void {
    this.#retired = true
    if (!this.isBusy) void this.end()
  }

  end(): Promise<void> {
    this.listeners.end()
    this.#ended ??= this.#delete()
    return this.#ended
  }

  async #delete(): Promise<void> {
    if (this.terms.id === undefined) return
    const headers = buildSessionHeaders(this.#caller, this.terms, 'application/json, text/event-stream')
    const { answer } = this.#upstream.request({ method: 'DELETE', headers, search: this.#caller.search })
    await answer.then(discardAnswer, () => undefined)
  }
}
