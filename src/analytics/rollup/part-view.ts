import type { Column, FieldValue } from '../columns/column.ts'
import type { EqualField } from '../event-filter.ts'

/** Some columns of a part, as `PartColumns` read them. */
export type PartColumnMap = ReadonlyMap<string, Column>

/** A field of a part: for each row the place of its value in `values`. */
export interface Field {
  readonly codes: Uint32Array
  readonly values: readonly FieldValue[]
}

/**
 * Loops over rows see arrays of one type only: with the narrow ones, of several types, they are compiled to something several times slower. Widening
 * costs less than a nanosecond a row.
 */
export function readWhole(columns: PartColumnMap, name: string, index = 0): Uint32Array {
  return new Uint32Array(columns.get(name)?.arrays[index] ?? [])
}

/** Numbers that may be larger than 2^32. */
export function readSums(columns: PartColumnMap, name: string): Float64Array {
  return new Float64Array(columns.get(name)?.arrays[0] ?? [])
}

/** No column: nobody had a value, or it is of before there was such a field. No codes: all have the one value. */
export function readField(columns: PartColumnMap, field: EqualField, rows: number): Field {
  const { values = [null], arrays = [] } = columns.get(field) ?? {}
  return { codes: arrays.length === 0 ? zerosOf(rows) : readWhole(columns, field), values }
}

let zeros = new Uint32Array(0)

/** Nobody writes into codes, so all that are zero may be the same ones. */
function zerosOf(rows: number): Uint32Array {
  if (zeros.length !== rows) zeros = new Uint32Array(rows)
  return zeros
}
