import { randomToken } from '../../../lib/random-id.ts'

/** A call whose upstream waits for an answer of the client. */
export interface ParkableCall {
  /** Nobody answered in time: the upstream is told. */
  expire(): void
}

/** Bounds on what waits. */
export interface ParkBounds {
  readonly ttlMs: number
  readonly most: number
  readonly mostPerOwner: number
}

interface Place<Call> {
  readonly owner: string
  readonly call: Call
  readonly timer: NodeJS.Timeout
}

/** Calls that wait for their clients, each under a name that only its next round knows. Each holds a connection, so they are few. */
export class ParkedCalls<Call extends ParkableCall> {
  readonly #bounds: ParkBounds
  readonly #places = new Map<string, Place<Call>>()
  readonly #countOf = new Map<string, number>()

  constructor(bounds: ParkBounds) {
    this.#bounds = bounds
  }

  get ttlMs(): number {
    return this.#bounds.ttlMs
  }

  /** The name under which the call waits; undefined when this person, or everybody together, has too many. */
  park(owner: string, call: Call, name = randomToken(16)): string | undefined {
    const mine = this.#countOf.get(owner) ?? 0
    if (this.#places.size >= this.#bounds.most || mine >= this.#bounds.mostPerOwner) return undefined
    const timer = setTimeout(() => this.take(name)?.expire(), this.#bounds.ttlMs).unref()
    this.#places.set(name, { owner, call, timer })
    this.#countOf.set(owner, mine + 1)
    return name
  }

  /** The call, which waits no more; undefined when it is gone, or somebody else has just taken it. */
  take(name: string): Call | undefined {
    const place = this.#places.get(name)
    if (place === undefined) return undefined
    clearTimeout(place.timer)
    this.#places.delete(name)
    const left = (this.#countOf.get(place.owner) ?? 1) - 1
    if (left > 0) this.#countOf.set(place.owner, left)
    else this.#countOf.delete(place.owner)
    return place.call
  }

  close(): void {
    for (const name of this.#places.keys()) this.take(name)?.expire()
  }
}
