import { setTimeout as wait } from 'node:timers/promises'
import { GatewayError } from '../../errors/gateway-error.ts'
import { discardAnswer, type UpstreamAnswer } from '../../http/send-upstream.ts'
import { eventData, eventField, formatEvent } from '../../http/split-events.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { noAnswer } from '../../mcp/bridge/modern-to-legacy/ask-client.ts'
import { acknowledge, concerns, endOf, type Subscription, tag } from '../../mcp/bridge/modern-to-legacy/subscription.ts'
import { QueuedStream } from '../../mcp/queued-stream.ts'
import { parseJson } from './read-answer.ts'
import { SharedSubscriptions } from './shared-subscriptions.ts'
import type { UpstreamExchange } from './upstream.ts'

/** What listening needs of a session. */
export interface ListenedSession {
  /** Called when the upstream turns out not to know the session. */
  readonly onGone: (() => void) | undefined
  listen(lastEventId: string | undefined): UpstreamExchange
  ask(method: string, params: JsonObject): Promise<boolean>
  tell(body: JsonObject): Promise<number>
}

/** A running call whose client can be asked. */
export interface Attendant {
  /** It waits for an answer of its client already. */
  readonly isParked: boolean
  takeRequest(request: JsonObject, method: string): void
}

interface Listener {
  readonly subscription: Subscription
  readonly stream: QueuedStream
  /** Events that it has not taken yet. */
  behind: number
  readonly leave: () => void
}

const mostBehind = 1_000
const retryMs = 1_000
const longestRetryMs = 30_000
const mostFailures = 6
// A call does not wait longer for the stream of its session, which may be slow or full.
const openWaitMs = 1_000
const lingerMs = 30_000

/**
 * Those who listen to one session, and what they need upstream: the GET stream is open, and a resource subscribed to, as long as one of them
 * wants it. Calls whose clients can be asked want it too: many servers ask on it, without saying for which call.
 */
export class SessionListeners {
  readonly #session: ListenedSession
  readonly #listeners = new Set<Listener>()
  readonly #attendants = new Set<Attendant>()
  readonly #subscriptions: SharedSubscriptions
  #source: UpstreamExchange | undefined
  #opening: Promise<void> | undefined
  #ready: Promise<void> | undefined
  #lingering: NodeJS.Timeout | undefined
  /** The upstream has no such stream, or not for this credential. */
  #isMissing = false
  #wasOpen = false
  #lastEventId: string | undefined
  #failures = 0

  constructor(session: ListenedSession) {
    this.#session = session
    this.#subscriptions = new SharedSubscriptions((method, uri) => session.ask(method, { uri }))
  }

  /** A stream for what is subscribed to, acknowledged first. `onLeave` runs once, when it is over. */
  async listen(wanted: Subscription, onLeave: () => void): Promise<QueuedStream> {
    this.#isMissing = false
    clearTimeout(this.#lingering)
    const resources = await this.#subscribe(wanted.resources)
    const listener = this.#createListener({ ...wanted, resources }, onLeave)
    this.#listeners.add(listener)
    listener.stream.push(formatEvent(JSON.stringify(acknowledge(listener.subscription))))
    await this.#open()
    return listener.stream
  }

  /** Until the returned function is called, what the upstream asks on the stream of the session is asked of this call's client. */
  async attend(call: Attendant): Promise<() => void> {
    this.#attendants.add(call)
    clearTimeout(this.#lingering)
    if (!this.#isMissing) {
      this.#ready ??= Promise.race([this.#open(), wait(openWaitMs, undefined, { ref: false })])
      await this.#ready
    }
    return () => {
      if (!this.#attendants.delete(call) || this.#isNeeded) return
      this.#lingering = setTimeout(() => this.#close(), lingerMs).unref()
    }
  }

  /** Tells everybody whom a notification concerns. */
  announce(notification: JsonObject): void {
    for (const listener of this.#listeners) {
      const { subscription, stream } = listener
      if (!concerns(notification, subscription)) continue
      if (stream.push(formatEvent(JSON.stringify(tag(notification, subscription))))) listener.behind = 0
      else if (++listener.behind > mostBehind) {
        listener.leave()
        stream.end(new GatewayError('request_cancelled', { detail: 'the client stopped reading' }))
      }
    }
  }

  /** Ends all streams as they should end; clients come back if they still want to listen. */
  end(): void {
    if (this.#attendants.size === 0) this.#close()
    for (const { subscription, stream, leave } of this.#listeners) {
      leave()
      stream.push(formatEvent(JSON.stringify(endOf(subscription))))
      stream.end()
    }
  }

  #createListener(subscription: Subscription, onLeave: () => void): Listener {
    const leave = (): void => {
      if (!this.#listeners.delete(listener)) return
      for (const uri of subscription.resources) this.#subscriptions.leave(uri)
      if (!this.#isNeeded) this.#close()
      onLeave()
    }
    const stream = new QueuedStream(0, () => stream.resume(), leave)
    const listener: Listener = { subscription, stream, behind: 0, leave }
    return listener
  }

  /** Those that the upstream agreed to. */
  async #subscribe(uris: readonly string[]): Promise<readonly string[]> {
    const agreed = await Promise.all(uris.map((uri) => this.#subscriptions.enter(uri)))
    return uris.filter((_, index) => agreed[index])
  }

  /** Opens the GET stream if it is not open. Without one, notifications may still come on the streams of calls. */
  #open(): Promise<void> {
    if (this.#opening === undefined && this.#source === undefined && this.#isNeeded && !this.#isMissing) {
      this.#opening = this.#openOnce().finally(() => (this.#opening = undefined))
    }
    return this.#opening ?? Promise.resolve()
  }

  async #openOnce(): Promise<void> {
    const source = this.#session.listen(this.#lastEventId)
    this.#source = source
    try {
      this.#follow(await source.answer, source)
    } catch {
      this.#sourceEnded(source)
    }
  }

  #follow(answer: UpstreamAnswer, source: UpstreamExchange): void {
    const { status } = answer
    if (answer.kind === 'stream' && status === 200) {
      this.#failures = 0
      this.#wasOpen = true
      answer.read({ onEvent: (event) => this.#takeEvent(event), onEnd: () => this.#sourceEnded(source) })
      return
    }
    discardAnswer(answer)
    // 409: the one before, which broke, is still there.
    if (status === 409 || status === 429 || status >= 500) {
      this.#sourceEnded(source)
      return
    }
    this.#source = undefined
    this.#isMissing = true
    if (status === 404) this.#session.onGone?.()
    // The session is gone, or the credential that it was open with: whoever still listens comes back, with a new one.
    if (status === 404 || this.#wasOpen) this.end()
  }

  get #isNeeded(): boolean {
    return this.#listeners.size > 0 || this.#attendants.size > 0
  }

  #sourceEnded(source: UpstreamExchange): void {
    // It was closed here, and another one may be open.
    if (this.#source !== source) return
    this.#source = undefined
    this.#ready = undefined
    void this.#openLater()
  }

  async #openLater(): Promise<void> {
    if (!this.#isNeeded) return
    if (++this.#failures > mostFailures) {
      this.end()
      return
    }
    await wait(Math.min(retryMs * 2 ** (this.#failures - 1), longestRetryMs), undefined, { ref: false })
    await this.#open()
  }

  #close(): void {
    clearTimeout(this.#lingering)
    this.#ready = undefined
    this.#source?.cancel()
    this.#source = undefined
    this.#lastEventId = undefined
  }

  #takeEvent(event: Buffer): boolean {
    this.#lastEventId = eventField(event, 'id') ?? this.#lastEventId
    const data = eventData(event)
    const sent = data && parseJson(data)
    for (const message of Array.isArray(sent) ? sent : [sent]) {
      if (!isJsonObject(message) || typeof message.method !== 'string') continue
      if (Object.hasOwn(message, 'id')) this.#answer(message, message.method)
      else this.announce(message)
    }
    return true
  }

  /** Which call it is for, the upstream does not say; the client is the same for all of them. */
  #answer(request: JsonObject, method: string): void {
    const { id } = request
    if (method === 'ping') {
      void this.#session.tell({ jsonrpc: '2.0', id, result: {} })
      return
    }
    const calls = [...this.#attendants]
    const call = calls.find(({ isParked }) => !isParked) ?? calls[0]
    if (call !== undefined) call.takeRequest(request, method)
    else void this.#session.tell(noAnswer(method, id, 'Nobody can be asked outside of a call.'))
  }
}
