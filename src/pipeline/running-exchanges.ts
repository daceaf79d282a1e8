import type { HttpExchange } from '../http/exchange.ts'

/**
 * The exchanges under way. Slots of an array, reused: a Set throws its table away every few requests, and the dead tables keep
 * exchanges alive into the next collection, which measured as a tenth of the CPU of a call.
 */
export class RunningExchanges {
  readonly #slots: (HttpExchange | undefined)[] = []
  readonly #free: number[] = []

  /** Number of exchanges under way. */
  get size(): number {
    return this.#slots.length - this.#free.length
  }

  /** Of these, streams that would never end by themselves. */
  get streams(): number {
    return this.#slots.reduce((count, exchange) => count + (exchange?.onDrain ? 1 : 0), 0)
  }

  /** Takes an exchange in; `leave` wants the slot back. */
  enter(exchange: HttpExchange): number {
    const slot = this.#free.pop() ?? this.#slots.length
    this.#slots[slot] = exchange
    return slot
  }

  leave(slot: number): void {
    this.#slots[slot] = undefined
    this.#free.push(slot)
  }

  /** Ends the streams that would never end by themselves; their clients open others. */
  endStreams(): void {
    for (const exchange of this.#slots) exchange?.onDrain?.()
  }

  /** Ends the exchanges that run under a revoked credential, open streams above all. */
  endRevoked(revocableId: string): void {
    for (const exchange of this.#slots) {
      if (exchange?.runsUnder(revocableId)) exchange.endAtOnce()
    }
  }
}
