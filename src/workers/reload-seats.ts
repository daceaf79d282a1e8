import type { Problem } from '../config/project.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Seat } from './seat.ts'

/** Says what becomes of the project of all workers. */
export interface ReloadVoice {
  reloaded(): void
  kept(problems: readonly Problem[]): void
  failed(error: unknown): void
}

/** Files that change while workers read them are read again, but not for ever. */
const mostRounds = 3

/**
 * Makes one worker after the other load the project again. Resolves with what all of them serve now; undefined when they serve what they did, or
 * different things, which is said.
 */
export async function reloadSeats(
  seats: readonly Seat[],
  log: Logger,
  voice: ReloadVoice,
): Promise<string | undefined> {
  for (let round = 0; round < mostRounds; round++) {
    const hashes = new Set<string>()
    for (const seat of seats) {
      const outcome = await seat.reload()
      if (outcome?.kind === 'reloaded') hashes.add(outcome.contentHash)
      else if (outcome) {
        if (outcome.kind === 'kept') voice.kept(outcome.problems)
        else voice.failed(outcome.error)
        if (hashes.size > 0)
          log.error({ worker: seat.slot }, 'workers run different configurations until a reload works')
        return undefined
      }
    }
    const [contentHash] = hashes
    if (hashes.size === 0) return undefined
    if (hashes.size === 1) {
      voice.reloaded()
      return contentHash
    }
  }
  log.error({}, 'the files of the project change faster than they are read: workers run different configurations')
  return undefined
}
