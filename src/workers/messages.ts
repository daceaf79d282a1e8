import type { Problem } from '../config/project.ts'
import type { LimitVerdict } from '../contracts/limiter.ts'
import type { RosterEntry } from './roster.ts'

/** What a worker serves. */
export interface ServedProject {
  /** Equal in all workers, unless the files changed while one of them read them. */
  readonly contentHash: string
  readonly drainMs: number
}

/** What became of loading the project again. */
export type ReloadOutcome =
  | ({ readonly kind: 'reloaded' } & ServedProject)
  | { readonly kind: 'kept'; readonly problems: readonly Problem[] }
  | { readonly kind: 'failed'; readonly error: string }

/** What a worker is when it begins. */
export interface Seating {
  readonly slot: number
  readonly name: string
  readonly socket: string
  readonly count: number
  readonly secret: string
  readonly listen: { readonly port: number; readonly reusePort: boolean }
}

/** From the process that started the workers to one of them. */
export type ToWorker =
  | ({ readonly kind: 'seat' } & Seating)
  /** Who serves now, and the name of the leader. */
  | { readonly kind: 'roster'; readonly roster: readonly RosterEntry[]; readonly leader: string | undefined }
  | { readonly kind: 'verdict'; readonly id: number; readonly verdict: LimitVerdict }
  | { readonly kind: 'told'; readonly topic: string; readonly message: unknown }
  | { readonly kind: 'reload' }
  | { readonly kind: 'stop' }
  /** Is it there? */
  | { readonly kind: 'ping' }

/** From a worker to the process that started it. */
export type FromWorker =
  | { readonly kind: 'hello' }
  | ({ readonly kind: 'serving' } & ServedProject)
  /** It has loaded the project, whoever wanted it. */
  | { readonly kind: 'loaded'; readonly contentHash: string }
  /** Takes nothing more that others pass on. */
  | { readonly kind: 'leaving' }
  /** Ends before it has served. `isProject`: it would end the same way again. */
  | { readonly kind: 'unfit'; readonly isProject: boolean }
  | {
      readonly kind: 'take'
      readonly id: number
      readonly key: string
      readonly limit: number
      readonly windowMs: number
    }
  | { readonly kind: 'tell'; readonly topic: string; readonly message: unknown }
  | { readonly kind: 'outcome'; readonly outcome: ReloadOutcome }
  | { readonly kind: 'pong' }
