import type { Logger } from '../contracts/logger.ts'
import type { Revocation, Revocations } from '../contracts/storage.ts'

/** What a gateway does about credentials that another process revoked. */
export interface RevocationListener {
  onRevoked(revocation: Revocation): void
  /** Some revocations are not known any more: any credential may be revoked. */
  onMissed(): void
}

/** How long a credential that another process revoked may still be accepted, at most, besides the time of one read. */
const intervalMs = 500

/**
 * Tells a running gateway what other processes revoke: it looks at the version of the store twice a second, which takes
 * microseconds, and reads only when something was written. Returns how to stop.
 */
export async function watchRevocations(
  revocations: Revocations,
  log: Logger,
  listener: RevocationListener,
): Promise<() => void> {
  let cursor = await revocations.latest()
  let seen = revocations.version()
  let looking = false
  const look = async (): Promise<void> => {
    const version = revocations.version()
    if (version === seen) return
    const news = await revocations.readAfter(cursor)
    if (!news.complete) listener.onMissed()
    news.revocations.forEach((revocation) => listener.onRevoked(revocation))
    cursor = news.cursor
    seen = version
  }
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    look()
      .catch((error: unknown) => log.error({ err: error }, 'could not read what other processes revoked'))
      .finally(() => {
        looking = false
      })
  }, intervalMs).unref()
  return () => clearInterval(timer)
}
