import type { EraVerdicts } from '../../mcp/era-verdicts.ts'
import type { ProcessPool } from './process-pool.ts'

/** What a route runs, and what was learnt of it. */
export interface KeptProgram {
  readonly pool: ProcessPool
  readonly verdicts: EraVerdicts
}

/** A program, and how to let go of it. */
export interface HeldProgram {
  readonly kept: KeptProgram
  /** Whoever lets go last ends the processes. Called once. */
  release(): Promise<void>
}

interface Place {
  readonly kept: KeptProgram
  holders: number
}

/**
 * Programs that outlive a reload of the configuration: a new snapshot is built while the old one still runs, so a route whose settings did not
 * change finds the processes of before.
 */
export class KeptPrograms {
  readonly #places = new Map<string, Place>()

  /** The program of this key, which must say everything that `create` makes it of. */
  hold(key: string, create: () => KeptProgram): HeldProgram {
    const place = this.#places.get(key) ?? { kept: create(), holders: 0 }
    place.holders++
    this.#places.set(key, place)
    return { kept: place.kept, release: () => this.#release(key, place) }
  }

  async #release(key: string, place: Place): Promise<void> {
    if (--place.holders > 0) return
    this.#places.delete(key)
    await place.kept.pool.close()
  }
}
