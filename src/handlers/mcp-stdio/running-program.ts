import type { HandlerLimits } from '../../contracts/handler.ts'
import type { Logger } from '../../contracts/logger.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { JsonObject } from '../../lib/json.ts'
import { ErrorLines } from './error-lines.ts'
import { GuardedProcess, type ProgramSettings } from './guarded-process.ts'
import { OtherEra, openSession } from './open-session.ts'
import { sendOwn } from './own-call.ts'
import { type Listener, nobody } from './pending-call.ts'
import { type LinkReader, StdioLink } from './stdio-link.ts'
import { type ProcessKey, StdioSession } from './stdio-session.ts'

/** How the program of a route is run. */
export interface ProgramHost {
  readonly routeName: string
  readonly program: ProgramSettings
  /** Values that must not get into the log. */
  readonly secrets: readonly string[]
  readonly startTimeoutMs: number
  readonly limits: HandlerLimits
}

/** One process from its start to its end, and the conversation with it. */
export class RunningProgram implements LinkReader {
  readonly session: StdioSession
  /** Resolves when nothing of its process group is left. Never rejects. */
  readonly ended: Promise<void>
  /** Nobody asked it to end. */
  endedByItself = false
  readonly #host: ProgramHost
  readonly #log: Logger
  readonly #process: GuardedProcess
  readonly #errors: ErrorLines
  readonly #listeners: ReadonlySet<Listener>
  readonly #startedAtMs = performance.now()
  #stopReason: 'upstream_disconnected' | 'gateway_stopping' | undefined
  #broken: GatewayError | undefined
  #hasBegun = false

  constructor(host: ProgramHost, key: ProcessKey, listeners: ReadonlySet<Listener>, log: Logger) {
    const { program, limits, secrets, routeName } = host
    this.#host = host
    this.#log = log
    this.#listeners = listeners
    this.#process = new GuardedProcess(program)
    this.#errors = new ErrorLines(this.#process.errors, log, { route: routeName }, secrets)
    const link = new StdioLink(this.#process, limits.responseBytes, this)
    const callLimits = {
      firstMessageMs: limits.upstreamFirstByteSeconds * 1000,
      totalMs: limits.upstreamTotalSeconds * 1000,
    }
    this.session = new StdioSession(key, link, callLimits, listeners)
    this.ended = this.#process.ended.then((how) => this.#finish(how))
  }

  get isStopping(): boolean {
    return this.#stopReason !== undefined
  }

  /** It takes no calls any more. */
  get isOver(): boolean {
    return this.isStopping || this.#broken !== undefined || this.#process.hasExited
  }

  get livedMs(): number {
    return performance.now() - this.#startedAtMs
  }

  /** Begins the conversation. Rejects, and ends the process, when there can be none. */
  async begin(): Promise<void> {
    try {
      await openSession(this.session, this.session.era, this.#host.startTimeoutMs)
      this.#subscribeAgain()
      this.#hasBegun = true
    } catch (error) {
      // It did not keep its word, so it counts like one that crashed. Another era is no failure.
      this.endedByItself ||= !(error instanceof OtherEra)
      await this.stop('upstream_disconnected')
      throw error
    }
  }

  /** Streams outlive processes; the one of before took the subscriptions with it. */
  #subscribeAgain(): void {
    const uris = new Set([...this.#listeners].flatMap(({ subscriptions }) => subscriptions))
    for (const uri of uris) sendOwn(this.session, nobody, 'resources/subscribe', { uri })
  }

  /** Ends the process and with `reason` what still runs in it. Resolves when it is gone. */
  async stop(reason: 'upstream_disconnected' | 'gateway_stopping'): Promise<void> {
    this.#stopReason ??= reason
    await this.#process.stop()
    await this.ended
  }

  onMessage(message: JsonObject): void {
    try {
      this.session.take(message)
    } catch (error) {
      // A mistake of ours about one message must not end the gateway.
      this.#log.error({ route: this.#host.routeName, err: error }, 'a message of a stdio server could not be taken')
    }
  }

  onNoise(bytes: number): void {
    this.#log.debug({ route: this.#host.routeName, bytes }, 'stdio server wrote a line that is no JSON-RPC')
  }

  onBroken(error: GatewayError): void {
    this.#broken = error
    this.session.end(error)
    void this.#process.kill()
  }

  #finish(how: string): void {
    if (this.#stopReason !== undefined) {
      this.session.end(new GatewayError(this.#stopReason))
      return
    }
    this.endedByItself = true
    const fields = { route: this.#host.routeName, how, stderr: this.#errors.last }
    this.#log.warn(fields, this.#broken ? 'stdio server broke the rules and was ended' : 'stdio server ended by itself')
    const reason = this.#hasBegun ? 'upstream_disconnected' : 'upstream_unreachable'
    this.session.end(new GatewayError(reason, { detail: `${how}\n${this.#errors.last}`.trim() }))
  }
}
