import type { Secret } from '../lib/secret.ts'
import type { RateLimiter } from './limiter.ts'

/**
 * The processes that serve one project together. Without `workers` there is one, which is its own leader. What has to be done once is done by the
 * leader: the first process that is alive. Leadership is given and never taken away; it moves only when the leader has ended.
 */
export interface Peers {
  /** Names this process in ids that clients hold; empty where there is only one. See `lib/address-tokens.ts` for its form. */
  readonly self: string
  /** How many processes serve when all are well. */
  readonly count: number
  readonly isLeader: boolean
  /** Of what each of them would say alike, e.g. warnings about the project, this one says it. */
  readonly isSpeaker: boolean
  /**
   * Runs `start` once, when this process is the leader: at once, or when it becomes it. `start` returns how to stop what it started; that runs
   * when the returned function is called. An error of `start` is thrown where this process is the leader already, else logged.
   */
  onLeader(start: () => StopLeading): StopLeading
  /** Tells all other processes, at once and without a promise: who ends meanwhile never hears it. `message` travels as JSON. */
  tell(topic: string, message: unknown): void
  /** Hears what others tell. One listener for each topic. */
  hear(topic: string, listener: (message: unknown) => void): void
}

export type StopLeading = () => void | Promise<void>

/** Another process of the same gateway, as requests are passed on to it. */
export interface Peer {
  readonly name: string
  /** Path of its Unix-domain socket, or name of its pipe. */
  readonly socket: string
}

/** What one of several processes is given by the one that started it. */
export interface Worker extends Peers {
  /** How this process listens for clients, beside the others. */
  readonly listen: { readonly port: number; readonly reusePort: boolean }
  /** Where this process listens for what others pass on. */
  readonly socket: string
  /** Known to the processes of this gateway alone. */
  readonly secret: Secret
  /** Counts for all of them together. */
  readonly limiter: RateLimiter
  /**
   * Who has in memory what an id is about that a client holds: the process that made it, else the one that took its place. Undefined: this
   * process, or nobody in particular.
   */
  findOwner(id: string): Peer | undefined
  /** Who has what is kept once under this key. Undefined: this process. */
  findPlace(key: string): Peer | undefined
  /** This process has loaded the project again; those that run another one do so as well. */
  noteProject(contentHash: string): void
}
