const firstMs = 500
const longestMs = 30_000
/** Who ran for this long is not one that cannot run. */
const soundMs = 60_000

/** How long to wait before the next worker is started in a place: at first not at all, then 0.5, 1, 2 … 30 seconds. */
export class RestartPauses {
  #ends = 0

  /** How many ended in a row. */
  get ends(): number {
    return this.#ends
  }

  noteEnd(livedMs: number): void {
    this.#ends = livedMs >= soundMs ? 1 : this.#ends + 1
  }

  get nextMs(): number {
    return this.#ends <= 1 ? 0 : Math.min(firstMs * 2 ** (this.#ends - 2), longestMs)
  }
}
