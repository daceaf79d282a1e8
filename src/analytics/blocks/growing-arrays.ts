/** So many numbers there is room for at first: most blocks of a gateway with little to do have one event. */
const firstRoom = 16
/** How much more room there is when there is too little. */
const growth = 4

/** Numbers outside of the heap: what waits there costs the collector of garbage nothing. */
export class GrowingNumbers {
  #numbers = new Float64Array(firstRoom)
  #length = 0

  static zeros(length: number): GrowingNumbers {
    const zeros = new GrowingNumbers()
    zeros.#numbers = new Float64Array(Math.max(length * growth, firstRoom))
    zeros.#length = length
    return zeros
  }

  get length(): number {
    return this.#length
  }

  push(number: number): void {
    if (this.#length === this.#numbers.length) this.#grow()
    this.#numbers[this.#length++] = number
  }

  /** A view of what was pushed. */
  finish(): Float64Array {
    return this.#numbers.subarray(0, this.#length)
  }

  #grow(): void {
    const larger = new Float64Array(this.#numbers.length * growth)
    larger.set(this.#numbers)
    this.#numbers = larger
  }
}

/** Texts that are joined before they are written: by itself each costs three times as much. */
const joined = 32

/** Texts as the bytes of UTF-8, one behind the other, outside of the heap. Halves of surrogate pairs, which have none, become U+FFFD. */
export class GrowingTexts {
  #waiting: string[] = []
  #bytes = Buffer.alloc(0)
  #written = 0
  #length = 0
  readonly #ends = new GrowingNumbers()

  get length(): number {
    return this.#length
  }

  push(text: string): void {
    this.#length++
    if (this.#waiting.push(text) === joined) this.#write()
  }

  /** Views of the bytes, and of where each text ends. */
  finish(): { readonly bytes: Buffer; readonly ends: Float64Array } {
    this.#write()
    return { bytes: this.#bytes.subarray(0, this.#written), ends: this.#ends.finish() }
  }

  #write(): void {
    const texts = this.#waiting
    this.#waiting = []
    const all = texts.join('')
    // Of one character UTF-8 makes three bytes at most.
    if (this.#written + all.length * 3 > this.#bytes.length) this.#grow(all.length * 3)
    const start = this.#written
    this.#written += this.#bytes.write(all, start)
    const isAscii = this.#written - start === all.length
    let end = start
    for (const text of texts) {
      end += isAscii ? text.length : Buffer.byteLength(text)
      this.#ends.push(end)
    }
  }

  #grow(more: number): void {
    const larger = Buffer.alloc((this.#written + more) * growth)
    this.#bytes.copy(larger, 0, 0, this.#written)
    this.#bytes = larger
  }
}
