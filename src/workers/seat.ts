import cluster, { type Worker as Child } from 'node:cluster'
import { randomToken } from '../lib/random-id.ts'
import type { FromWorker, ReloadOutcome, ServedProject, ToWorker } from './messages.ts'
import { RestartPauses } from './restart-pauses.ts'

/** What a seat tells of who is in it. */
export interface SeatEvents {
  onMessage(message: FromWorker): void
  /** There is no process; its end is told as well. */
  onUnstarted(error: unknown): void
  onEnded(code: number, signal: string | null): void
}

/** Longer than any gateway takes to start, key management that does not answer included. */
const startMs = 180_000
/** Longer than any project takes to load. */
const reloadMs = 60_000

/** One place among the workers: whoever ends is followed by another one under a new name. */
export class Seat {
  readonly slot: number
  readonly pauses = new RestartPauses()
  readonly #events: SeatEvents
  #child: Child | undefined
  #startedAtMs = 0
  /** When it last said anything. */
  #heardAtMs = 0
  /** Questions in a row that it has not answered; undefined: it is not asked. */
  #unanswered: number | undefined
  #late: NodeJS.Timeout | undefined
  #reloading: ((outcome: ReloadOutcome | undefined) => void) | undefined
  name = ''
  /** Present while others may pass requests on to it. */
  serving: ServedProject | undefined
  /** What it loaded last, whoever wanted it. */
  contentHash: string | undefined
  /** It has said that it ends the same way whenever it is started. */
  isUnfit = false

  constructor(slot: number, events: SeatEvents) {
    this.slot = slot
    this.#events = events
  }

  get pid(): number | undefined {
    return this.#child?.process.pid
  }

  get isTaken(): boolean {
    return this.#child !== undefined
  }

  /** Starts a process. */
  take(): void {
    this.name = `${this.slot}-${randomToken(4)}`
    this.isUnfit = false
    this.#startedAtMs = performance.now()
    this.#heardAtMs = this.#startedAtMs
    try {
      this.#watch(cluster.fork())
    } catch (error) {
      // Some of what keeps a process from being started is thrown, and some is told later, but none of it as an end.
      setImmediate(() => this.#giveUp(error))
    }
  }

  #watch(child: Child): void {
    this.#child = child
    child.on('message', (message: FromWorker) => this.#hear(message))
    // Of one that was started and could not be told something the end says the rest.
    child.on('error', (error) => {
      if (child.process.pid === undefined && this.#child === child) this.#giveUp(error)
    })
    child.once('exit', (code, signal) => this.#end(code, signal))
    this.#late = setTimeout(() => this.kill(), startMs).unref()
  }

  #giveUp(error: unknown): void {
    this.#events.onUnstarted(error)
    this.#end(1, null)
  }

  send(message: ToWorker): void {
    if (this.#child?.isConnected()) this.#child.send(message, () => undefined)
  }

  /**
   * Asks whether it is there. False, once: it has left as many questions as that unanswered. Asked from when it serves to its end; before, `startMs`
   * is all that it has.
   */
  beat(mostUnanswered: number): boolean {
    if (this.#unanswered === undefined) return true
    if (this.#unanswered >= mostUnanswered) {
      this.#unanswered = undefined
      return false
    }
    this.#unanswered++
    this.send({ kind: 'ping' })
    return true
  }

  /** Loads the project again. Undefined: it ended meanwhile. */
  async reload(): Promise<ReloadOutcome | undefined> {
    if (!this.serving) return undefined
    const { promise, resolve } = Promise.withResolvers<ReloadOutcome | undefined>()
    const late = setTimeout(() => resolve({ kind: 'failed', error: 'the worker does not answer' }), reloadMs)
    this.#reloading = resolve
    this.send({ kind: 'reload' })
    const outcome = await promise
    clearTimeout(late)
    this.#reloading = undefined
    if (outcome?.kind === 'reloaded' && this.serving) this.serving = outcome
    return outcome
  }

  /** For one that does not end when it is asked to. */
  kill(): void {
    this.#child?.process.kill('SIGKILL')
  }

  #hear(message: FromWorker): void {
    this.#heardAtMs = performance.now()
    if (this.#unanswered !== undefined) this.#unanswered = 0
    if (message.kind === 'unfit') this.isUnfit = message.isProject
    else if (message.kind === 'serving') this.#serve(message)
    else if (message.kind === 'leaving') this.serving = undefined
    else if (message.kind === 'loaded') this.contentHash = message.contentHash
    else if (message.kind === 'outcome') this.#reloading?.(message.outcome)
    this.#events.onMessage(message)
  }

  #serve(project: ServedProject): void {
    clearTimeout(this.#late)
    this.#unanswered = 0
    this.serving = project
    this.contentHash = project.contentHash
  }

  #end(code: number, signal: string | null): void {
    clearTimeout(this.#late)
    this.#child = undefined
    this.#unanswered = undefined
    this.serving = undefined
    this.#reloading?.(undefined)
    // Who was asked to stop and did is sound. Of all others the time in which they said nothing is none that they ran well.
    const isSound = code === 0 && signal === null
    this.pauses.noteEnd(isSound ? Number.POSITIVE_INFINITY : this.#heardAtMs - this.#startedAtMs)
    this.#events.onEnded(code, signal)
  }
}
