import type { Logger } from '../contracts/logger.ts'

/** Collects when things were used. */
export interface UseLog {
  /** Milliseconds since the epoch; the latest time of an id stays. */
  note(id: string, atMs: number): void
  /** Writes what is still waiting. */
  close(): Promise<void>
}

/** Where times of use go, and how often. */
export interface UseLogOptions {
  readonly write: (uses: readonly { readonly id: string; readonly atMs: number }[]) => Promise<void>
  /** For the log: whose uses these are. */
  readonly what: string
  readonly log: Logger
  /** Default 60,000. Milliseconds. */
  readonly intervalMs?: number | undefined
}

/** Times of use are written once a minute, off the request path: each thing at most once. A failed write loses only these times. */
export function createUseLog({ write, what, log, intervalMs = 60_000 }: UseLogOptions): UseLog {
  const waiting = new Map<string, number>()
  const flush = async (): Promise<void> => {
    const uses = Array.from(waiting, ([id, atMs]) => ({ id, atMs }))
    waiting.clear()
    if (uses.length === 0) return
    try {
      await write(uses)
    } catch (error) {
      log.error({ err: error }, `could not note when ${what} were used`)
    }
  }
  const timer = setInterval(() => void flush(), intervalMs).unref()
  return {
    note: (id, atMs) => void waiting.set(id, atMs),
    close: () => {
      clearInterval(timer)
      return flush()
    },
  }
}
