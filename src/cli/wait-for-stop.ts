import type { Announcer } from './announce.ts'

/** A second signal this soon after the first is the same wish: a terminal and a launcher may both pass it on. Milliseconds. */
const sameSignalMs = 500

/** Resolves at the first SIGINT or SIGTERM. A later one ends the process at once: whoever repeats it does not want to wait. */
export function waitForStop(announcer: Pick<Announcer, 'stopping'>): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined
    const stop = (): void => {
      if (firstAt === undefined) {
        firstAt = performance.now()
        announcer.stopping()
        resolve()
      } else if (performance.now() - firstAt > sameSignalMs) process.exit(1)
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}
