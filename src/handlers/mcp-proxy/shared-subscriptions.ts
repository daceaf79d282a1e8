interface Held {
  count: number
  /** What was said upstream last, and whether the resource is subscribed to since. Never rejects. */
  said: Promise<boolean>
}

/** Subscriptions to resources that several streams of one session share: the first one makes it upstream, the last one ends it. */
export class SharedSubscriptions {
  readonly #ask: (method: string, uri: string) => Promise<boolean>
  readonly #held = new Map<string, Held>()

  /** `ask` sends one request; true when the upstream agreed. Never rejects. */
  constructor(ask: (method: string, uri: string) => Promise<boolean>) {
    this.#ask = ask
  }

  /** False when the upstream refuses; then there is nothing to leave. */
  async enter(uri: string): Promise<boolean> {
    const held = this.#held.get(uri) ?? { count: 0, said: Promise.resolve(false) }
    this.#held.set(uri, held)
    // Never beside what was said before it: the upstream could take the two in the other order.
    if (held.count++ === 0) held.said = held.said.then(() => this.#ask('resources/subscribe', uri))
    const agreed = await held.said
    if (!agreed) this.#drop(uri, held)
    return agreed
  }

  leave(uri: string): void {
    const held = this.#held.get(uri)
    if (held === undefined || held.count > 1) {
      if (held) held.count -= 1
      return
    }
    held.said = held.said.then(() => this.#ask('resources/unsubscribe', uri)).then(() => false)
    held.count = 0
    void held.said.then(() => this.#forget(uri, held))
  }

  #drop(uri: string, held: Held): void {
    held.count -= 1
    this.#forget(uri, held)
  }

  #forget(uri: string, held: Held): void {
    if (held.count === 0 && this.#held.get(uri) === held) this.#held.delete(uri)
  }
}
