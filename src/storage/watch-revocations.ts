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
 * microseconds, and reads only when something was written. `since` is the latest revocation from before the gateway read anything that
 * may be revoked, its keys included. Returns how to stop.
 */
export function watchRevocations(
  revocations: Revocations,
  log: Logger,
  listener: RevocationListener,
  since: number,
): () => void {
  let cursor = since
  let seen: number | undefined
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
