import type { Logger } from '../../contracts/logger.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { Listener } from './pending-call.ts'
import { RestartDelays } from './restart-delays.ts'
import { type ProgramHost, RunningProgram } from './running-program.ts'
import type { ProcessKey, StdioSession } from './stdio-session.ts'

/** What a pool runs, and how many. */
export interface PoolSettings extends ProgramHost {
  readonly maxProcesses: number
  readonly idleStopMs: number
}

/** Present from the moment somebody calls, also while the process is still being started. */
interface Entry {
  program: RunningProgram | undefined
  isOpen: boolean
  usedAtMs: number
}

/** The processes of one route: at most one for each key, started when somebody calls, ended when nobody does. */
export class ProcessPool {
  readonly #settings: PoolSettings
  readonly #log: Logger
  readonly #entries = new Map<string, Entry & { readonly opening: Promise<StdioSession> }>()
  /** From their start to the end of the last process of their group. */
  readonly #alive = new Set<RunningProgram>()
  /** They stay while processes come and go. */
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #delays = new RestartDelays()
  readonly #sweep: NodeJS.Timeout
  #isClosed = false

  constructor(settings: PoolSettings, log: Logger) {
    this.#settings = settings
    this.#log = log
    this.#sweep = setInterval(() => this.#endIdle(), Math.min(settings.idleStopMs / 4, 30_000)).unref()
  }

  /** The conversation with the process of this key. Rejects with a `GatewayError`, or with `OtherEra`. */
  async open(processKey: ProcessKey): Promise<StdioSession> {
    const key = nameOf(processKey)
    const known = this.#entries.get(key)
    if (known !== undefined && known.program?.isOver !== true) {
      known.usedAtMs = performance.now()
      return known.opening
    }
    const waitMs = this.#delays.remainingMs(key)
    if (waitMs > 0) throw crashedLately(waitMs)
    const begun: Entry = { program: undefined, isOpen: false, usedAtMs: performance.now() }
    const entry = Object.assign(begun, { opening: this.#start(begun, key, processKey) })
    this.#entries.set(key, entry)
    try {
      return await entry.opening
    } catch (error) {
      this.#drop(key, entry)
      throw error
    }
  }

  /** The conversation with the process of this key, where there is one. */
  find(processKey: ProcessKey): StdioSession | undefined {
    const entry = this.#entries.get(nameOf(processKey))
    return entry?.isOpen && entry.program?.isOver === false ? entry.program.session : undefined
  }

  /** Hears what a process of this key says outside of calls, until the returned function is called. */
  listen(processKey: ProcessKey, listener: Listener): () => void {
    const key = nameOf(processKey)
    this.#listenersOf(key).add(listener)
    return () => {
      this.#listenersOf(key).delete(listener)
      this.#forgetListeners(key)
    }
  }

  /** Ends all processes. Resolves when none is left. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#sweep)
    this.#entries.clear()
    await Promise.all([...this.#alive].map((program) => program.stop('gateway_stopping')))
  }

  async #start(entry: Entry, key: string, processKey: ProcessKey): Promise<StdioSession> {
    await this.#makeRoom()
    if (this.#isClosed) throw new GatewayError('gateway_stopping')
    const program = new RunningProgram(this.#settings, processKey, this.#listenersOf(key), this.#log)
    entry.program = program
    this.#alive.add(program)
    void program.ended.then(() => {
      this.#alive.delete(program)
      if (program.endedByItself) this.#delays.noteFailure(key, program.livedMs)
      this.#drop(key, entry)
      this.#forgetListeners(key)
    })
    await program.begin()
    entry.isOpen = true
    entry.usedAtMs = performance.now()
    return program.session
  }

  /** Waits until one more process may run. The one that was idle for longest goes. */
  async #makeRoom(): Promise<void> {
    while (this.#alive.size >= this.#settings.maxProcesses) {
      const [idlest] = this.#idleEntries().toSorted(([, left], [, right]) => left.usedAtMs - right.usedAtMs)
      if (idlest !== undefined) this.#drop(...idlest)
      const ending = idlest?.[1].program ?? [...this.#alive].find(({ isStopping }) => isStopping)
      if (ending === undefined) throw allBusy()
      await ending.stop('upstream_disconnected')
    }
  }

  #endIdle(): void {
    const before = performance.now() - this.#settings.idleStopMs
    for (const [key, entry] of this.#entries) {
      if (entry.program?.session.isInUse || this.#isSubscribed(key)) entry.usedAtMs = performance.now()
    }
    for (const [key, entry] of this.#idleEntries()) {
      if (entry.usedAtMs > before) continue
      this.#drop(key, entry)
      void entry.program?.stop('upstream_disconnected')
    }
  }

  #idleEntries(): (readonly [string, Entry])[] {
    return [...this.#entries].filter(([, { isOpen, program }]) => isOpen && program?.session.isBusy === false)
  }

  /** Somebody waits for updates of a resource, which come only while it runs. */
  #isSubscribed(key: string): boolean {
    return [...(this.#listeners.get(key) ?? [])].some(({ subscriptions }) => subscriptions.length > 0)
  }

  #listenersOf(key: string): Set<Listener> {
    const listeners = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, listeners)
    return listeners
  }

  #forgetListeners(key: string): void {
    if (this.#listeners.get(key)?.size === 0 && !this.#entries.has(key)) this.#listeners.delete(key)
  }

  /** The next call starts another process. */
  #drop(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }
}

function nameOf({ era, owner }: ProcessKey): string {
  return JSON.stringify([era, owner])
}

function crashedLately(waitMs: number): GatewayError {
  return new GatewayError('upstream_unreachable', {
    detail: 'the program ended by itself several times; it is started again later',
    headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) },
  })
}

function allBusy(): GatewayError {
  return new GatewayError('upstream_rate_limited', {
    detail: 'maxProcesses processes are busy',
    headers: { 'retry-after': '5' },
  })
}
