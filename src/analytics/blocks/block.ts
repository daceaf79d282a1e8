import { type Column, decodeColumns, type FieldValue } from '../columns/column.ts'
import { readTexts } from '../columns/text-column.ts'
import type { GatewayEvent } from '../event.ts'
import type { EqualField } from '../event-filter.ts'
import { type Field, readField } from '../rollup/part-view.ts'
import { type BlockColumn, blockColumns } from './block-columns.ts'

/** Where a block is, and when its events happened. Row numbers grow in the order in which events were written. */
export interface BlockPlace {
  readonly firstRow: number
  readonly lastRow: number
  readonly events: number
  readonly firstMs: number
  readonly lastMs: number
}

/** The facts of a stored block. */
export class Block {
  readonly place: BlockPlace
  readonly #columns: ReadonlyMap<string, Column>

  constructor(place: BlockPlace, facts: Uint8Array) {
    this.place = place
    this.#columns = decodeColumns(facts)
  }

  /** The columns of its fields, as roll-ups have them. */
  get columns(): ReadonlyMap<string, Column> {
    return this.#columns
  }

  field(name: EqualField): Field {
    return readField(this.#columns, name, this.place.events)
  }

  /** A number of each event; those that have none are `NaN`. */
  numbers(name: 'time' | 'latencyMs' | 'upstreamMs' | 'bytesIn' | 'bytesOut' | 'resultTokens'): Float64Array {
    return readNumbers(this.#columns.get(name), this.place.events)
  }

  /** Its events, in their order. */
  readEvents(details: Uint8Array): readonly GatewayEvent[] {
    const columns = new Map([...this.#columns, ...decodeColumns(details)])
    const { events } = this.place
    const values = blockColumns.map((column) => readValues(column, columns.get(column.name), events))
    return Array.from({ length: events }, (_, row) => {
      const entries = blockColumns.map(({ name }, index) => [name, values[index]?.(row) ?? null])
      return Object.fromEntries(entries) as GatewayEvent
    })
  }
}

function readNumbers(column: Column | undefined, rows: number): Float64Array {
  const [numbers, missing = []] = column?.arrays ?? []
  if (numbers === undefined) return new Float64Array(rows).fill(Number.NaN)
  if (missing.length === 0 && numbers instanceof Float64Array) return numbers
  const all = new Float64Array(numbers)
  for (const row of missing) all[row] = Number.NaN
  return all
}

/** The value of each row. */
function readValues(
  { kind, isBoolean }: BlockColumn,
  column: Column | undefined,
  rows: number,
): (row: number) => FieldValue | boolean | undefined {
  if (kind === 'text') return column ? readTexts(column) : () => null
  if (kind === 'number') {
    const numbers = readNumbers(column, rows)
    return (row) => (Number.isNaN(numbers[row]) ? null : numbers[row])
  }
  const { values = [], arrays } = column ?? { arrays: [] }
  const [codes] = arrays
  const valueOf = (row: number) => values[codes?.[row] ?? 0]
  return isBoolean ? (row) => valueOf(row) === 1 : valueOf
}
