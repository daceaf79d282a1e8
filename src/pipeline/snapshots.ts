import type { Project } from '../config/project.ts'
import type { Snapshot } from './snapshot.ts'

/** The snapshot that serves, and those before it whose requests still run. */
export class Snapshots {
  #current: Snapshot
  readonly #running: Set<Snapshot>

  constructor(first: Snapshot) {
    this.#current = first
    this.#running = new Set([first])
  }

  /** Takes new requests. */
  get current(): Snapshot {
    return this.#current
  }

  get project(): Project {
    return this.#current.project
  }

  /** New requests go to `next` from now on; the one before closes when its last request ended, or after its drain time. */
  swap(next: Snapshot): void {
    const retired = this.#current
    this.#current = next
    this.#running.add(next)
    void retired.retire(drainMsOf(retired)).then(() => this.#running.delete(retired))
  }

  /** What is under way, on all of them. */
  get load(): { readonly requests: number; readonly streams: number } {
    const loads = [...this.#running].map(({ load }) => load)
    return {
      requests: loads.reduce((sum, { requests }) => sum + requests, 0),
      streams: loads.reduce((sum, { streams }) => sum + streams, 0),
    }
  }

  /** Ends the requests that run under a revoked credential. */
  endRevoked(revocableId: string): void {
    for (const snapshot of this.#running) snapshot.endRevoked(revocableId)
  }

  /** Resolves when the last request of the current snapshot ended, or after its drain time. */
  retire(): Promise<void> {
    return this.#current.retire(this.drainMs)
  }

  /** Milliseconds that running requests get when the gateway stops. */
  get drainMs(): number {
    return drainMsOf(this.#current)
  }
}

function drainMsOf(snapshot: Snapshot): number {
  return snapshot.project.settings.limits.drainSeconds * 1000
}
