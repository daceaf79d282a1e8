import type { Logger } from '../contracts/logger.ts'
import type { Peer, StopLeading, Worker } from '../contracts/peers.ts'
import { Secret } from '../lib/secret.ts'
import { createMemoryLimiter } from '../limits/memory-limiter.ts'
import { AskedLimiter } from './asked-limiter.ts'
import type { FromWorker, ReloadOutcome, Seating, ServedProject, ToWorker } from './messages.ts'
import { abandonPeerSocket } from './peer-sockets.ts'
import { findOwner, findPlace, type Roster } from './roster.ts'

/** What the process that started the workers wants of this one. */
export interface WorkerOrders {
  stop(): void
  reload(): Promise<ReloadOutcome>
}

/** Becomes one of several processes of a gateway, each of which was started by the same one. Resolves when it knows which. */
export function joinGateway(log: Logger): Promise<JoinedWorker> {
  return new Promise((resolve) => {
    // Whoever starts at the same time may make itself heard first: all are told who serves.
    const take = (message: ToWorker): void => {
      if (message.kind !== 'seat') return
      resolve(new JoinedWorker(message, log))
      process.off('message', take)
    }
    process.on('message', take)
    send({ kind: 'hello' })
  })
}

/** This process ends by itself after this, with an error, and has never served. `isProject`: the next one would end in the same way. */
export function giveUp(isProject: boolean): void {
  send({ kind: 'unfit', isProject })
  // Nothing else keeps it.
  process.channel?.unref()
}

/** This process among those of its gateway. It ends with the process that started it: `node:cluster` sees to that. */
export class JoinedWorker implements Worker {
  readonly self: string
  readonly slot: number
  readonly count: number
  readonly listen: Worker['listen']
  readonly socket: string
  readonly secret: Secret
  readonly limiter: AskedLimiter
  readonly #log: Logger
  readonly #listeners = new Map<string, (message: unknown) => void>()
  readonly #waitingToLead = new Set<() => void>()
  #roster: Roster = []
  #leader: string | undefined
  #orders: WorkerOrders | undefined
  #hasLeft = false

  constructor({ slot, name, socket, count, secret, listen }: Seating, log: Logger) {
    this.self = name
    this.slot = slot
    this.count = count
    this.listen = listen
    this.socket = socket
    this.secret = new Secret(secret)
    this.limiter = new AskedLimiter(send, createMemoryLimiter(Date.now), log)
    this.#log = log
    process.on('message', (message: ToWorker) => this.#take(message))
    process.once('exit', () => {
      if (!this.#hasLeft && !process.connected) abandonPeerSocket(socket)
    })
  }

  get isLeader(): boolean {
    return this.#leader === this.self
  }

  get isSpeaker(): boolean {
    return this.slot === 0
  }

  onLeader(start: () => StopLeading): StopLeading {
    if (this.isLeader) return start()
    let stop: StopLeading | undefined
    const begin = () => {
      stop = start()
    }
    this.#waitingToLead.add(begin)
    return () => {
      this.#waitingToLead.delete(begin)
      return stop?.()
    }
  }

  tell(topic: string, message: unknown): void {
    send({ kind: 'tell', topic, message })
  }

  hear(topic: string, listener: (message: unknown) => void): void {
    this.#listeners.set(topic, listener)
  }

  findOwner(id: string): Peer | undefined {
    return this.#another(findOwner(this.#roster, id))
  }

  findPlace(key: string): Peer | undefined {
    return this.#another(findPlace(this.#roster, key))
  }

  noteProject(contentHash: string): void {
    send({ kind: 'loaded', contentHash })
  }

  /** From now on this process is among those that serve. */
  serve(project: ServedProject, orders: WorkerOrders): void {
    this.#orders = orders
    send({ kind: 'serving', ...project })
  }

  /** From now on nothing is passed on to this process any more. */
  leave(): void {
    this.#hasLeft = true
    send({ kind: 'leaving' })
  }

  #another(peer: Peer | undefined): Peer | undefined {
    return peer === undefined || peer.name === this.self ? undefined : peer
  }

  #take(message: ToWorker): void {
    if (message.kind === 'verdict') this.limiter.settle(message.id, message.verdict)
    else if (message.kind === 'told') this.#listeners.get(message.topic)?.(message.message)
    else if (message.kind === 'roster') this.#takeRoster(message.roster, message.leader)
    else if (message.kind === 'stop') this.#orders?.stop()
    else if (message.kind === 'reload') void this.#reload()
    else if (message.kind === 'ping') send({ kind: 'pong' })
  }

  #takeRoster(roster: Roster, leader: string | undefined): void {
    this.#roster = roster
    this.#leader = leader
    if (!this.isLeader || this.#waitingToLead.size === 0) return
    this.#log.info({ worker: this.slot }, 'this worker leads from now on')
    for (const begin of this.#waitingToLead) {
      try {
        begin()
      } catch (error) {
        this.#log.error({ err: error }, 'what only one worker does could not be started')
      }
    }
    this.#waitingToLead.clear()
  }

  async #reload(): Promise<void> {
    const outcome = await this.#orders?.reload()
    if (outcome) send({ kind: 'outcome', outcome })
  }
}

/** Whoever started the workers may have ended; then this process does as well. */
function send(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined)
}
