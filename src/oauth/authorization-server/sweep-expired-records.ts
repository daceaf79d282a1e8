import type { Clock } from '../../contracts/clock.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { OAuthRecords } from '../../contracts/storage.ts'

const intervalMs = 10 * 60 * 1000
/** Kept a little longer, so that a caller hears "expired" instead of "unknown". */
const keptAfterExpiryMs = 60 * 60 * 1000
const batch = 1000

/** Removes expired records now and then. Returns how to stop. */
export function sweepExpiredRecords(records: OAuthRecords, clock: Clock, log: Logger): () => void {
  const timer = setInterval(() => {
    records
      .destroyExpired(clock() - keptAfterExpiryMs, batch)
      .catch((error: unknown) => log.error({ err: error }, 'could not remove expired records'))
  }, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}
