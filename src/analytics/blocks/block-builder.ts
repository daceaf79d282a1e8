import { encodeColumns, type FieldValue, type PlainColumn } from '../columns/column.ts'
import { type GatewayEvent, listValues } from '../event.ts'
import { type BlockColumnKind, blockColumns, identifierDigits } from './block-columns.ts'

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

const placesOf = (...kinds: readonly BlockColumnKind[]) =>
  blockColumns.flatMap(({ kind }, place) => (kinds.includes(kind) ? [place] : []))
const fieldPlaces = placesOf('field')
const numberPlaces = placesOf('number')
const textPlaces = placesOf('text', 'identifier')

/**
 * Takes events into columns, as they are recorded: nothing of an event is kept but its texts and numbers. A list of events would outlive several
 * collections of garbage, which costs a call more than everything else that is done with its event.
 */
export class BlockBuilder {
  readonly #fields = fieldPlaces.map(() => new FieldBuilder())
  /** Those of which events have different values, so that something is kept for each. */
  readonly #varied: FieldBuilder[] = []
  /** The fields of the event before: most have the same. */
  readonly #last: (Value | undefined)[] = fieldPlaces.map(() => undefined)
  readonly #numbers = numberPlaces.map(() => new NumberBuilder())
  readonly #texts: readonly (string | null)[][] = textPlaces.map(() => [])
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

  /** The block; of at least one event. */
  finish(): EncodedBlock {
    const halves = { facts: new Map<string, PlainColumn>(), details: new Map<string, PlainColumn>() }
    const put = (place: number, column: PlainColumn | undefined) => {
      const { name, half } = blockColumns[place] ?? {}
      if (name !== undefined && half !== undefined && column) halves[half].set(name, column)
    }
    for (const [index, place] of fieldPlaces.entries()) put(place, this.#fields[index]?.finish())
    for (const [index, place] of numberPlaces.entries()) put(place, this.#numbers[index]?.finish())
    for (const [index, place] of textPlaces.entries()) {
      put(place, encodeTexts(this.#texts[index] ?? [], blockColumns[place]?.kind === 'identifier'))
    }
    return {
      name: this.#name,
      events: this.#length,
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      facts: encodeColumns(halves.facts),
      details: encodeColumns(halves.details),
    }
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
  #codes: number[] | undefined
  #known: Map<Value, number> | undefined

  /** From this row on it is another value. True: from now on `push` is to be called for each row. */
  change(value: Value, row: number): boolean {
    if (row === 0) {
      this.#values.push(value)
      return false
    }
    const begins = this.#codes === undefined
    this.#codes ??= Array<number>(row).fill(0)
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
    const values: FieldValue[] = this.#values.map((value) => (typeof value === 'boolean' ? Number(value) : value))
    return { values, arrays: this.#codes ? [this.#codes] : [] }
  }

  #add(value: Value, known: Map<Value, number>): number {
    const code = this.#values.push(value) - 1
    known.set(value, code)
    return code
  }
}

/** Rows that have none are listed behind the numbers. */
class NumberBuilder {
  readonly #numbers: number[] = []
  readonly #missing: number[] = []

  push(number: number | null): void {
    if (number === null) this.#missing.push(this.#numbers.length)
    this.#numbers.push(number ?? 0)
  }

  /** Undefined: no event has a number. */
  finish(): PlainColumn | undefined {
    if (this.#missing.length === this.#numbers.length) return undefined
    return { arrays: this.#missing.length === 0 ? [this.#numbers] : [this.#numbers, this.#missing] }
  }
}

/** Undefined: no event has a text. */
function encodeTexts(texts: readonly (string | null)[], areIdentifiers: boolean): PlainColumn | undefined {
  if (texts.every((text) => text === null)) return undefined
  const bytes = areIdentifiers ? encodeIdentifiers(texts) : undefined
  return bytes ? { arrays: [bytes] } : { values: texts, arrays: [] }
}

/** Half as many bytes. Undefined: something else is among them. */
function encodeIdentifiers(texts: readonly (string | null)[]): Uint8Array | undefined {
  if (texts.some((text) => text?.length !== identifierDigits)) return undefined
  const all = texts.join('')
  const bytes = Buffer.from(all, 'hex')
  return bytes.toString('hex') === all ? bytes : undefined
}
