import type { Exchange } from '../../contracts/exchange.ts'

/** Whether the client has gone, for work that changes while it goes on: the listener runs also when it comes too late. */
export class Cancellation {
  #isCancelled = false
  #listener: (() => void) | undefined

  constructor(exchange: Exchange) {
    exchange.onCancel(() => {
      this.#isCancelled = true
      this.#listener?.()
    })
  }

  /** Replaces the listener. */
  listen(listener: () => void): void {
    this.#listener = listener
    if (this.#isCancelled) listener()
  }
}
