import { encodeColumns, type FieldValue, type PlainColumn } from '../columns/column.ts'
import { Alphabet, encodeTexts } from '../columns/text-column.ts'
import { type GatewayEvent, listValues } from '../event.ts'
import { type BlockColumnKind, blockColumns } from './block-columns.ts'
import { GrowingNumbers, GrowingTexts } from './growing-arrays.ts'

/** A block as it is stored. */
export interface EncodedBlock {
  /** The id of its first event: no other block has it. */
  readonly name: string
  readonly events: number
  /** Times of its earliest and latest event. Milliseconds since the epoch. */
  readonly firstMs: number
  readonly lastMs: number
  /** See `BlockHalf`. */
  readonly facts: Uint8Array
  readonly details: Uint8Array
}

type Value = string | number | boolean | null

const placesOf = (wanted: BlockColumnKind) =>
  blockColumns.flatMap(({ kind }, place) => (kind === wanted ? [place] : []))
const fieldPlaces = placesOf('field')
const numberPlaces = placesOf('number')
const textPlaces = placesOf('text')
const noAlphabet = new Alphabet('')

/**
 * Takes events into columns, as they are recorded, and nearly all of them outside of the heap. A list of events would outlive several collections of
 * garbage, which costs a call more than everything else that is done with its event.
 */
export class BlockBuilder {
  readonly #fields = fieldPlaces.map(() => new FieldBuilder())
  /** Those of which events have different values, so that something is kept for each. */
  readonly #varied: FieldBuilder[] = []
  /** The fields of the event before: most have the same. */
  readonly #last: (Value | undefined)[] = fieldPlaces.map(() => undefined)
  readonly #numbers = numberPlaces.map(() => new NumberBuilder())
  readonly #texts = textPlaces.map((place) => new TextBuilder(blockColumns[place]?.alphabet ?? noAlphabet))
  #name = ''
  #firstMs = Number.POSITIVE_INFINITY
  #lastMs = Number.NEGATIVE_INFINITY
  #length = 0

  /** Events that were taken. */
  get length(): number {
    return this.#length
  }

  push(event: GatewayEvent): void {
    const { id, time } = event
    if (this.#length === 0) this.#name = id
    if (time < this.#firstMs) this.#firstMs = time
    if (time > this.#lastMs) this.#lastMs = time
    const values = listValues(event)
    this.#pushFields(values)
    for (let index = 0; index < numberPlaces.length; index++) {
      this.#numbers[index]?.push(values[numberPlaces[index] ?? 0] as number | null)
    }
    for (let index = 0; index < textPlaces.length; index++) {
      this.#texts[index]?.push(values[textPlaces[index] ?? 0] as string | null)
    }
    this.#length++
  }

  /** The block; of at least one event, and once. */
  finish(): EncodedBlock {
    const halves = { facts: new Map<string, PlainColumn>(), details: new Map<string, PlainColumn>() }
    const put = (place: number, column: PlainColumn | undefined) => {
      const { name, half } = blockColumns[place] ?? {}
      if (name !== undefined && half !== undefined && column) halves[half].set(name, column)
    }
    for (const [index, place] of fieldPlaces.entries()) put(place, this.#fields[index]?.finish())
    for (const [index, place] of numberPlaces.entries()) put(place, this.#numbers[index]?.finish())
    for (const [index, place] of textPlaces.entries()) {
      put(place, this.#texts[index]?.finish())
    }
    const [facts, details] = [encodeColumns(halves.facts), encodeColumns(halves.details)]
    for (const column of [...this.#fields, ...this.#numbers, ...this.#texts]) column.release()
    return { name: this.#name, events: this.#length, firstMs: this.#firstMs, lastMs: this.#lastMs, facts, details }
  }

  #pushFields(values: readonly Value[]): void {
    const last = this.#last
    for (let index = 0; index < fieldPlaces.length; index++) {
      const value = values[fieldPlaces[index] ?? 0] ?? null
      if (value === last[index]) continue
      last[index] = value
      const field = this.#fields[index]
      if (field?.change(value, this.#length)) this.#varied.push(field)
    }
    for (let index = 0; index < this.#varied.length; index++) this.#varied[index]?.push()
  }
}

/** Where all events have one value, nothing is kept for each. */
class FieldBuilder {
  readonly #values: Value[] = []
  #code = 0
  #codes: GrowingNumbers | undefined
  #known: Map<Value, number> | undefined

  /** From this row on it is another value. True: from now on `push` is to be called for each row. */
  change(value: Value, row: number): boolean {
    if (row === 0) {
      this.#values.push(value)
      return false
    }
    const begins = this.#codes === undefined
    this.#codes ??= GrowingNumbers.zeros(row)
    this.#known ??= new Map([[this.#values[0] ?? null, 0]])
    this.#code = this.#known.get(value) ?? this.#add(value, this.#known)
    return begins
  }

  push(): void {
    this.#codes?.push(this.#code)
  }

  /** Undefined: no event has a value. */
  finish(): PlainColumn | undefined {
    if (this.#values.length === 1 && this.#values[0] === null) return undefined
    const values = this.#values.map(toFieldValue)
    return { values, arrays: this.#codes ? [this.#codes.finish()] : [] }
  }

  release(): void {
    this.#codes?.release()
  }

  #add(value: Value, known: Map<Value, number>): number {
    const code = this.#values.push(value) - 1
    known.set(value, code)
    return code
  }
}

/** No filter can have halves of surrogate pairs: nobody could ask for what has them. */
function toFieldValue(value: Value): FieldValue {
  if (typeof value === 'string') return value.toWellFormed()
  return typeof value === 'boolean' ? Number(value) : value
}

/** Rows that have none are listed behind the numbers. */
class NumberBuilder {
  readonly #numbers = new GrowingNumbers()
  readonly #missing = new GrowingNumbers()

  push(number: number | null): void {
    const isThere = Number.isFinite(number)
    if (!isThere) this.#missing.push(this.#numbers.length)
    this.#numbers.push(isThere ? (number as number) : 0)
  }

  /** Undefined: no event has a number. */
  finish(): PlainColumn | undefined {
    if (this.#missing.length === this.#numbers.length) return undefined
    const arrays = [this.#numbers.finish()]
    return { arrays: this.#missing.length === 0 ? arrays : [...arrays, this.#missing.finish()] }
  }

  release(): void {
    this.#numbers.release()
    this.#missing.release()
  }
}

class TextBuilder {
  readonly #texts = new GrowingTexts()
  readonly #missing = new GrowingNumbers()
  readonly #alphabet: Alphabet

  constructor(alphabet: Alphabet) {
    this.#alphabet = alphabet
  }

  push(text: string | null): void {
    if (text === null) this.#missing.push(this.#texts.length)
    this.#texts.push(text ?? '')
  }

  /** Undefined: no event has a text. */
  finish(): PlainColumn | undefined {
    if (this.#missing.length === this.#texts.length) return undefined
    return encodeTexts({ ...this.#texts.finish(), missing: this.#missing.finish() }, this.#alphabet)
  }

  release(): void {
    this.#texts.release()
    this.#missing.release()
  }
}
