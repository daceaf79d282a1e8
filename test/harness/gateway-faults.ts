import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What happens to a gateway that is started with `withFaults`. */
export interface PreloadedFaults {
  /** Ends the process, as `kill -9` does, at the first write to the store that is meant. */
  readonly kill?: KillPoint
  /** How far its clock is ahead. */
  readonly clockOffsetMs?: number
}

/** A write to the store, just before it or once it is committed. */
export interface KillPoint {
  readonly when: 'before' | 'after'
  /** How the SQL statement begins. */
  readonly statement: string
  /** One of its parameters. */
  readonly parameter?: string
}

/** Environment of a gateway that meets these faults. */
export function withFaults(faults: PreloadedFaults): Record<string, string> {
  const preload = pathToFileURL(join(import.meta.dirname, 'preload-faults.ts')).href
  return { NODE_OPTIONS: `--import=${preload}`, SALLYPORT_TEST_FAULTS: JSON.stringify(faults) }
}
