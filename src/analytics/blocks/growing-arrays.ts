/** How much more room there is when there is too little. */
const growth = 4

/** Room that is made at once: for as many rows as there were the last time, since blocks of a gateway are alike. */
let usualRows = 1
/** But not for more: thousands of batches of one event may wait for a database that hangs. */
const mostAtOnce = 64

/** To be told of how many rows a block became. */
export function noteRows(rows: number): void {
  usualRows = Math.min(Math.max(rows, 1), mostAtOnce)
}

/** Numbers outside of the heap: what waits there costs the collector of garbage nothing. */
export class GrowingNumbers {
  #numbers = new Float64Array(0)
  #length = 0

  static zeros(length: number): GrowingNumbers {
    const zeros = new GrowingNumbers()
    zeros.#numbers = new Float64Array(Math.max(length * growth, usualRows))
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
    const larger = new Float64Array(Math.max(this.#length * growth, usualRows))
    larger.set(this.#numbers)
    this.#numbers = larger
  }
}

/** Texts that are joined before they are written: by itself each costs three times as much. */
const joined = 32
/** Bytes of a text that there is room for at first. */
const usualBytes = 32

/** Texts as the bytes of UTF-8, one behind the other, outside of the heap. Halves of surrogate pairs, which have none, become U+FFFD. */
export class GrowingTexts {
  #waiting: string[] = []
  #bytes = Buffer.alloc(0)
  #written = 0
  #length = 0
  readonly #lengths = new GrowingNumbers()

  get length(): number {
    return this.#length
  }

  push(text: string): void {
    this.#length++
    if (this.#waiting.push(text) === joined) this.#write()
  }

  /** Views of the bytes, and of how many each text has. */
  finish(): { readonly bytes: Buffer; readonly lengths: Float64Array } {
    this.#write()
    return { bytes: this.#bytes.subarray(0, this.#written), lengths: this.#lengths.finish() }
  }

  #write(): void {
    const texts = this.#waiting
    this.#waiting = []
    const all = texts.join('')
    const isAscii = Buffer.byteLength(all) === all.length
    // Of one character UTF-8 makes three bytes at most.
    this.#makeRoom(isAscii ? all.length : all.length * 3)
    if (isAscii) this.#bytes.write(all, this.#written, 'latin1')
    for (const text of texts) {
      // Halves of a pair must not become one because they are next to each other.
      const length = isAscii ? text.length : this.#bytes.write(text, this.#written)
      this.#written += length
      this.#lengths.push(length)
    }
  }

  #makeRoom(more: number): void {
    if (this.#written + more <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max((this.#written + more) * growth, usualRows * usualBytes))
    this.#bytes.copy(larger, 0, 0, this.#written)
    this.#bytes = larger
  }
}
