import { encodeColumns, type FieldValue, type PlainColumn } from '../columns/column.ts'
import type { GatewayEvent } from '../event.ts'
import { type BlockColumn, type BlockHalf, blockColumns } from './block-columns.ts'

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

/** Takes the values of one column, event by event. */
interface ColumnBuilder {
  push(value: Value, row: number): void
  /** Undefined: no event has a value, and nothing is written. */
  finish(rows: number): PlainColumn | undefined
}

/**
 * Takes events into columns, as they are recorded: nothing of an event is kept but its texts and numbers. A list of events would outlive several
 * collections of garbage, which costs a call more than everything else that is done with its event.
 */
export class BlockBuilder {
  readonly #columns: readonly ColumnBuilder[] = blockColumns.map(openColumn)
  #name = ''
  #firstMs = Number.POSITIVE_INFINITY
  #lastMs = Number.NEGATIVE_INFINITY
  #length = 0

  /** Events that were taken. */
  get length(): number {
    return this.#length
  }

  push(event: GatewayEvent): void {
    if (this.#length === 0) this.#name = event.id
    if (event.time < this.#firstMs) this.#firstMs = event.time
    if (event.time > this.#lastMs) this.#lastMs = event.time
    // `newEvent` makes the members in the order of the columns. Reading them by name costs four times as much.
    const values: readonly Value[] = Object.values(event)
    const row = this.#length++
    const columns = this.#columns
    for (let index = 0; index < columns.length; index++) columns[index]?.push(values[index] ?? null, row)
  }

  /** The block; of at least one event. */
  finish(): EncodedBlock {
    const halves = { facts: new Map<string, PlainColumn>(), details: new Map<string, PlainColumn>() }
    for (const [index, { name, half }] of blockColumns.entries()) {
      const column = this.#columns[index]?.finish(this.#length)
      if (column) halves[half satisfies BlockHalf].set(name, column)
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
}

function openColumn({ kind }: BlockColumn): ColumnBuilder {
  if (kind === 'number') return new NumberBuilder()
  return kind === 'text' ? new TextBuilder() : new FieldBuilder()
}

/** Most events have the value of the one before, for which nothing is looked up; where all have it, nothing is kept for each. */
class FieldBuilder implements ColumnBuilder {
  readonly #values: Value[] = []
  #last: Value | undefined
  #code = 0
  #codes: number[] | undefined
  #known: Map<Value, number> | undefined

  push(value: Value, row: number): void {
    if (value !== this.#last) this.#change(value, row)
    this.#codes?.push(this.#code)
  }

  finish(): PlainColumn | undefined {
    if (this.#values.length === 1 && this.#last === null) return undefined
    const values: FieldValue[] = this.#values.map((value) => (typeof value === 'boolean' ? Number(value) : value))
    return { values, arrays: this.#codes ? [this.#codes] : [] }
  }

  #change(value: Value, row: number): void {
    if (row > 0) {
      this.#known ??= new Map([[this.#values[0] ?? null, 0]])
      this.#codes ??= Array<number>(row).fill(0)
    }
    this.#last = value
    this.#code = this.#known?.get(value) ?? this.#add(value)
  }

  #add(value: Value): number {
    const code = this.#values.push(value) - 1
    this.#known?.set(value, code)
    return code
  }
}

/** Those that have none are listed behind the numbers. */
class NumberBuilder implements ColumnBuilder {
  readonly #numbers: number[] = []
  readonly #missing: number[] = []

  push(value: Value, row: number): void {
    if (typeof value === 'number') this.#numbers.push(value)
    else {
      this.#numbers.push(0)
      this.#missing.push(row)
    }
  }

  finish(rows: number): PlainColumn | undefined {
    if (this.#missing.length === rows) return undefined
    return { arrays: this.#missing.length === 0 ? [this.#numbers] : [this.#numbers, this.#missing] }
  }
}

class TextBuilder implements ColumnBuilder {
  readonly #texts: (string | null)[] = []
  #isEmpty = true

  push(value: Value): void {
    const text = value === null ? null : String(value)
    this.#texts.push(text)
    if (text !== null) this.#isEmpty = false
  }

  finish(): PlainColumn | undefined {
    return this.#isEmpty ? undefined : { values: this.#texts, arrays: [] }
  }
}
