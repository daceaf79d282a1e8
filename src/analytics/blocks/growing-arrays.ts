/** How much more room there is when there is too little. */
const growth = 4

/** Room of a whole block, as a rule. What a block left is used by the next one: fresh memory is in no cache of the processor. */
class UsedRooms<Room extends { readonly length: number }> {
  readonly #size: number
  readonly #most: number
  readonly #rooms: Room[] = []

  constructor(size: number, most: number) {
    this.#size = size
    this.#most = most
  }

  take(): Room | undefined {
    return this.#rooms.pop()
  }

  give(room: Room): void {
    if (room.length === this.#size && this.#rooms.length < this.#most) this.#rooms.push(room)
  }
}

/** Thousands of batches of one event may wait for a database that hangs. */
const [firstRows, firstBytes] = [16, 1024]
const [wholeRows, wholeBytes] = [firstRows * growth ** 3, firstBytes * growth ** 3]
const usedNumbers = new UsedRooms<Float64Array<ArrayBuffer>>(wholeRows, 64)
const usedBytes = new UsedRooms<Buffer<ArrayBuffer>>(wholeBytes, 8)
const noNumbers = new Float64Array(0)
const noBytes = Buffer.alloc(0)

/** Numbers outside of the heap: what waits there costs the collector of garbage nothing. */
export class GrowingNumbers {
  #numbers = noNumbers
  #length = 0

  static zeros(length: number): GrowingNumbers {
    const zeros = new GrowingNumbers()
    for (let row = 0; row < length; row++) zeros.push(0)
    return zeros
  }

  get length(): number {
    return this.#length
  }

  push(number: number): void {
    if (this.#length === this.#numbers.length) this.#grow()
    this.#numbers[this.#length++] = number
  }

  /** A view of what was pushed, until `release`. */
  finish(): Float64Array {
    return this.#numbers.subarray(0, this.#length)
  }

  /** Nobody reads the numbers any more. */
  release(): void {
    usedNumbers.give(this.#numbers)
    this.#numbers = noNumbers
    this.#length = 0
  }

  #grow(): void {
    const used = this.#length === 0 ? usedNumbers.take() : undefined
    const larger = used ?? new Float64Array(Math.max(this.#length * growth, firstRows))
    larger.set(this.#numbers)
    this.#numbers = larger
  }
}

/** Texts that are joined before they are written: by itself each costs three times as much. */
const joined = 32

/** Texts as the bytes of UTF-8, one behind the other, outside of the heap. Halves of surrogate pairs, which have none, become U+FFFD. */
export class GrowingTexts {
  #waiting: string[] = []
  #bytes = noBytes
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

  /** Views of the bytes, and of how many each text has, until `release`. */
  finish(): { readonly bytes: Buffer; readonly lengths: Float64Array } {
    this.#write()
    return { bytes: this.#bytes.subarray(0, this.#written), lengths: this.#lengths.finish() }
  }

  /** Nobody reads the texts any more. */
  release(): void {
    usedBytes.give(this.#bytes)
    this.#lengths.release()
    this.#bytes = noBytes
    this.#written = 0
    this.#length = 0
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
    const needed = this.#written + more
    if (needed <= this.#bytes.length) return
    const used = this.#written === 0 && needed <= wholeBytes ? usedBytes.take() : undefined
    let size = firstBytes
    while (size < needed) size *= growth
    const larger = used ?? Buffer.allocUnsafeSlow(size)
    this.#bytes.copy(larger, 0, 0, this.#written)
    this.#bytes = larger
  }
}
