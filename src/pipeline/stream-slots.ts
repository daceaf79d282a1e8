const mostPerPerson = 64

/** Open streams of one route by whose they are: nobody may take up the connections of all others. */
export class StreamSlots {
  readonly #open = new Map<string, number>()

  /** Takes a place; the result gives it back. Undefined when there is none left. */
  take(owner: string): (() => void) | undefined {
    const open = this.#open.get(owner) ?? 0
    if (open >= mostPerPerson) return undefined
    this.#open.set(owner, open + 1)
    return () => this.#giveBack(owner)
  }

  #giveBack(owner: string): void {
    const open = this.#open.get(owner) ?? 0
    if (open <= 1) this.#open.delete(owner)
    else this.#open.set(owner, open - 1)
  }
}
