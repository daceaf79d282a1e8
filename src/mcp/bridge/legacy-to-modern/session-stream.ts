import { setTimeout as delay } from 'node:timers/promises'
import type { LiveSession } from '../../../contracts/live-sessions.ts'
import type { McpMessage } from '../../../contracts/mcp.ts'
import { asGatewayError, GatewayError } from '../../../errors/gateway-error.ts'
import type { UpstreamAnswer } from '../../../http/send-upstream.ts'
import { eventData, formatEvent } from '../../../http/split-events.ts'
import { isJsonObject, type JsonObject } from '../../../lib/json.ts'
import { randomId } from '../../../lib/random-id.ts'
import type { LegacyClient } from '../../client-session.ts'
import { QueuedStream } from '../../queued-stream.ts'
import { modernClientCapabilities } from './client-capabilities.ts'
import { sessionNotification } from './legacy-notification.ts'
import { addEnvelope, createModernRequest } from './modern-request.ts'

/** What the GET stream of a session needs of its surroundings. */
export interface SessionStreamHost {
  readonly client: LegacyClient
  readonly session: LiveSession
  onToolsChanged(): void
  /** Sends `subscriptions/listen`. `onAbort` receives how to end it. */
  listen(request: McpMessage, onAbort: (abort: () => void) => void): Promise<UpstreamAnswer>
}

const firstRetryMs = 1_000
const longestRetryMs = 30_000

/**
 * The GET stream of a client of an older revision, fed by `subscriptions/listen` of an upstream of 2026-07-28 (§subscriptions): changes of
 * lists, and of the resources the session subscribed to. A subscription cannot be changed, so each change of the set begins another one.
 */
export class SessionStream {
  readonly #host: SessionStreamHost
  readonly stream: QueuedStream
  #abort: (() => void) | undefined
  #isOver = false
  /** Counts the subscriptions; what comes of an earlier one than the last is not for the client any more. */
  #turn = 0
  readonly #wakeUp = new AbortController()

  constructor(host: SessionStreamHost) {
    this.#host = host
    this.stream = new QueuedStream(
      0,
      () => void this.#run(),
      () => this.end(),
    )
    this.stream.onResume = () => this.#resume?.()
    host.session.attachStream(this.end)
    host.session.onSubscriptionsChanged = () => this.#abort?.()
  }

  #resume: (() => void) | undefined

  /** Ends the stream as a server does: the client may open another one. */
  readonly end = (): void => {
    if (this.#isOver) return
    this.#isOver = true
    this.#host.session.detachStream(this.end)
    this.#wakeUp.abort()
    this.#abort?.()
    this.stream.end()
  }

  async #run(): Promise<void> {
    let retryMs = firstRetryMs
    while (!this.#isOver) {
      const turn = ++this.#turn
      const subscribed = this.#host.session.subscriptions
      const wasOpen = await this.#listen(subscribed, turn)
      if (this.#isOver || wasOpen === 'changed') continue
      if (wasOpen === 'refused') return this.end()
      retryMs = wasOpen === 'ended' ? firstRetryMs : Math.min(retryMs * 2, longestRetryMs)
      await delay(retryMs, undefined, { ref: false, signal: this.#wakeUp.signal }).catch(() => undefined)
    }
  }

  /** One subscription, until it ends. `refused`: asking again would change nothing. */
  async #listen(uris: readonly string[], turn: number): Promise<'ended' | 'failed' | 'refused' | 'changed'> {
    const changed = () => !this.#isOver && !isSame(uris, this.#host.session.subscriptions)
    try {
      const answer = await this.#host.listen(this.#createRequest(uris), (abort) => {
        this.#abort = abort
      })
      if (answer.kind === 'json')
        return answer.status >= 400 && answer.status < 500 && answer.status !== 429 ? 'refused' : 'failed'
      if (answer.status !== 200) {
        answer.cancel()
        return 'failed'
      }
      this.#resume = () => answer.resume()
      if (changed()) {
        answer.cancel()
        return 'changed'
      }
      // However it ends: it was open.
      await this.#relay(answer, turn).catch(() => undefined)
      return changed() ? 'changed' : 'ended'
    } catch (error) {
      if (changed()) return 'changed'
      return asGatewayError(error).reason.startsWith('connection_') ? 'refused' : 'failed'
    }
  }

  #createRequest(uris: readonly string[]): McpMessage {
    const { client, session } = this.#host
    const lists = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }
    const notifications = { ...lists, ...(uris.length > 0 && { resourceSubscriptions: uris }) }
    const capabilities = modernClientCapabilities(client.capabilities, true)
    const envelope = { client, capabilities, logLevel: session.logLevel, progressToken: undefined }
    return createModernRequest('subscriptions/listen', addEnvelope({ notifications }, envelope), randomId())
  }

  #relay(answer: Extract<UpstreamAnswer, { kind: 'stream' }>, turn: number): Promise<void> {
    return new Promise((resolve, reject) => {
      answer.read({
        onEvent: (event) => {
          const data = eventData(event)
          const notification = data === undefined || turn !== this.#turn ? undefined : readNotification(data)
          if (notification?.method === 'notifications/tools/list_changed') this.#host.onToolsChanged()
          return notification === undefined || this.stream.push(formatEvent(JSON.stringify(notification)))
        },
        onEnd: (error) => (error ? reject(error) : resolve()),
      })
    })
  }
}

function readNotification(data: Buffer): JsonObject | undefined {
  try {
    const message: unknown = JSON.parse(data.toString('utf8'))
    return isJsonObject(message) ? sessionNotification(message) : undefined
  } catch {
    throw new GatewayError('upstream_protocol_error', { detail: 'an event of the subscription is not valid JSON' })
  }
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((uri, index) => uri === right[index])
}
