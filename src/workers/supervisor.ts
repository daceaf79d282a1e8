import type { Logger } from '../contracts/logger.ts'
import type { Worker } from '../contracts/peers.ts'
import { randomToken } from '../lib/random-id.ts'
import { createMemoryLimiter } from '../limits/memory-limiter.ts'
import { defaultHeartbeat, type Heartbeat } from './heartbeat.ts'
import type { FromWorker } from './messages.ts'
import { createPeerSockets } from './peer-sockets.ts'
import { type ReloadVoice, reloadSeats } from './reload-seats.ts'
import { Seat } from './seat.ts'

/** How many, and who is told. */
export interface SupervisorOptions {
  readonly count: number
  /** Where all of them listen for clients. */
  readonly listen: Worker['listen']
  readonly log: Logger
  readonly voice: ReloadVoice
  readonly heartbeat?: Heartbeat
}

/** What a worker gets beyond its drain time before it is killed. Milliseconds. */
const graceMs = 10_000

/**
 * Starts the workers of a gateway and keeps them running. It serves nothing itself: it counts for rate limits, passes on what workers tell each
 * other, and says who serves and who leads.
 */
export class Supervisor {
  readonly #listen: Worker['listen']
  readonly #log: Logger
  readonly #voice: ReloadVoice
  readonly #heartbeat: Heartbeat
  readonly #seats: readonly Seat[]
  readonly #secret = randomToken()
  readonly #sockets = createPeerSockets()
  readonly #limiter = createMemoryLimiter(Date.now)
  readonly #ended = Promise.withResolvers<number>()
  #leader: Seat | undefined
  /** What all workers should serve; undefined before the first one does. */
  #contentHash: string | undefined
  #reloading = Promise.resolve()
  #reloads = 0
  #restarts = 0
  #isStopping = false
  #exitCode = 0
  readonly #pausing = new Set<NodeJS.Timeout>()

  constructor({ count, listen, log, voice, heartbeat = defaultHeartbeat }: SupervisorOptions) {
    this.#listen = listen
    this.#log = log
    this.#voice = voice
    this.#heartbeat = heartbeat
    this.#seats = Array.from({ length: count }, (_, slot): Seat => {
      const seat: Seat = new Seat(slot, {
        onMessage: (message) => this.#hear(seat, message),
        onUnstarted: (error) => this.#log.error({ worker: slot, err: error }, 'a worker could not be started'),
        onEnded: (code, signal) => this.#takeEnd(seat, code, signal),
      })
      return seat
    })
  }

  /** Resolves with the exit code when the last worker has ended. What is wrong with the project the first worker says, alone. */
  run(): Promise<number> {
    this.#seats[0]?.take()
    const beats = setInterval(() => this.#beat(), this.#heartbeat.everyMs)
    return this.#ended.promise.finally(() => {
      clearInterval(beats)
      this.#sockets.remove()
    })
  }

  /** Loads the project again in one worker after the other. The first one that has a problem with it keeps the others from it. */
  reload(): void {
    // One that waits sees whatever those who ask now changed.
    if (this.#reloads > 1) return
    this.#reloads++
    this.#reloading = this.#reloading.then(async () => {
      const contentHash = this.#isStopping ? undefined : await reloadSeats(this.#seats, this.#log, this.#voice)
      this.#contentHash = contentHash ?? this.#contentHash
      this.#reloads--
      // An administrator changed it in one of them meanwhile, after it had loaded what all should.
      const isBehind = ({ serving, contentHash: loaded }: Seat) => serving !== undefined && loaded !== contentHash
      if (contentHash !== undefined && this.#reloads === 0 && this.#seats.some(isBehind)) this.reload()
    })
  }

  /** Workers take no new requests and end when the running ones are answered; who does not is killed. */
  stop(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    const drainMs = Math.max(0, ...this.#seats.map(({ serving }) => serving?.drainMs ?? 0))
    setTimeout(() => this.#killAll(), drainMs + graceMs).unref()
    this.#endPauses()
    for (const seat of this.#seats) this.#stopSeat(seat)
    this.#endIfEmpty()
  }

  /** One whose event loop is blocked keeps its part of the connections, and their clients would wait for ever. */
  #beat(): void {
    const { everyMs, mostUnanswered } = this.#heartbeat
    for (const seat of this.#seats) {
      if (seat.beat(mostUnanswered)) continue
      const silent = { worker: seat.slot, pid: seat.pid, silentMs: everyMs * mostUnanswered }
      this.#log.error(silent, 'a worker does not answer and is killed')
      seat.kill()
    }
  }

  #stopSeat(seat: Seat): void {
    // One that does not serve yet has nothing to drain, and hears nothing.
    if (seat.serving) seat.send({ kind: 'stop' })
    else seat.kill()
  }

  #killAll(): void {
    const left = this.#seats.filter(({ isTaken }) => isTaken)
    this.#log.error({ workers: left.map(({ slot }) => slot) }, 'workers did not stop in time and are killed')
    for (const seat of left) seat.kill()
  }

  #hear(seat: Seat, message: FromWorker): void {
    switch (message.kind) {
      case 'hello': {
        const { slot, name } = seat
        const socket = this.#sockets.of(name)
        seat.send({
          kind: 'seat',
          slot,
          name,
          socket,
          count: this.#seats.length,
          secret: this.#secret,
          listen: this.#listen,
        })
        break
      }
      case 'take': {
        const { id, key, limit, windowMs } = message
        const verdict = this.#limiter.take(key, limit, windowMs)
        if (!(verdict instanceof Promise)) seat.send({ kind: 'verdict', id, verdict })
        break
      }
      case 'tell':
        for (const other of this.#seats) {
          if (other !== seat) other.send({ kind: 'told', topic: message.topic, message: message.message })
        }
        break
      case 'serving':
        this.#takeServing(seat, message.contentHash)
        break
      case 'leaving':
        this.#announceRoster()
        break
      case 'loaded':
        // An administrator changed it, in one of them.
        if (this.#reloads === 0 && message.contentHash !== this.#contentHash) this.reload()
        break
      default:
    }
  }

  #takeServing(seat: Seat, contentHash: string): void {
    if (this.#isStopping) return seat.send({ kind: 'stop' })
    this.#leader ??= seat
    this.#announceRoster()
    if (this.#contentHash === undefined) {
      this.#contentHash = contentHash
      for (const other of this.#seats) if (!other.isTaken) other.take()
    } else if (contentHash !== this.#contentHash) {
      this.#log.warn(
        { worker: seat.slot },
        'a worker found other project files than the others run; all load them again',
      )
      this.reload()
    }
  }

  #takeEnd(seat: Seat, code: number, signal: string | null): void {
    this.#sockets.forget(seat.name)
    if (this.#leader === seat) this.#leader = this.#seats.find(({ serving }) => serving)
    this.#announceRoster()
    const isHopeless = this.#contentHash === undefined || (seat.isUnfit && !this.#seats.some(({ serving }) => serving))
    if (this.#isStopping || isHopeless) {
      if (!this.#isStopping && isHopeless) this.#abandon(code)
      this.#endIfEmpty()
      return
    }
    const pauseMs = seat.pauses.nextMs
    const ended = { worker: seat.slot, code, signal, restarts: ++this.#restarts, inARow: seat.pauses.ends, pauseMs }
    if (code === 0 && signal === null) this.#log.info(ended, 'a worker stopped; another one is started')
    else this.#log.error(ended, 'a worker ended; another one is started')
    const pause = setTimeout(() => {
      this.#pausing.delete(pause)
      if (!seat.isTaken) seat.take()
    }, pauseMs)
    this.#pausing.add(pause)
  }

  /** None of them will ever serve. */
  #abandon(code: number): void {
    this.#isStopping = true
    this.#exitCode = code || 1
    this.#endPauses()
    for (const seat of this.#seats) this.#stopSeat(seat)
  }

  /** Nobody is started any more; without it the process would wait for the last pause. */
  #endPauses(): void {
    for (const pause of this.#pausing) clearTimeout(pause)
    this.#pausing.clear()
  }

  #endIfEmpty(): void {
    if (!this.#seats.some(({ isTaken }) => isTaken)) this.#ended.resolve(this.#exitCode)
  }

  #announceRoster(): void {
    const serving = this.#seats.filter((seat) => seat.serving)
    const roster = serving.map(({ slot, name }) => ({ slot, name, socket: this.#sockets.of(name) }))
    for (const seat of this.#seats) seat.send({ kind: 'roster', roster, leader: this.#leader?.name })
  }
}
