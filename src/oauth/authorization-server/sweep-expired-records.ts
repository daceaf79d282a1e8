import type { Clock } from '../../contracts/clock.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { OAuthRecords } from '../../contracts/storage.ts'

const intervalMs = 10 * 60 * 1000
/** Kept a little longer, so that a caller hears "expired" instead of "unknown". */
const keptAfterExpiryMs = 60 * 60 * 1000
const batch = 1000
/** Between two full batches, for requests to go on. */
const pauseMs = 100

/**
 * Removes expired records every ten minutes, all of them: anybody can make records faster than one batch each time would remove.
 * Returns how to stop.
 */
export function sweepExpiredRecords(records: OAuthRecords, clock: Clock, log: Logger): () => void {
  let timer: NodeJS.Timeout
  let stopped = false
  const plan = (delayMs: number): void => {
    if (!stopped) timer = setTimeout(() => void sweep(), delayMs).unref()
  }
  const sweep = async (): Promise<void> => {
    let removed = 0
    try {
      removed = await records.destroyExpired(clock() - keptAfterExpiryMs, batch)
    } catch (error) {
      log.error({ err: error }, 'could not remove expired records')
    }
    plan(removed < batch ? intervalMs : pauseMs)
  }
  plan(intervalMs)
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
