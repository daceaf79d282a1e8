import type { FieldValue } from '../columns/column.ts'
import { type EqualField, type EventFilter, equalFields, listFamilyTypes } from '../event-filter.ts'
import { minuteMs } from './part-builder.ts'
import { type PartColumnMap, readField } from './part-view.ts'

/** Filters that columns can answer. A `minLatencyMs` is not among them: a row holds events of many latencies. */
export type ColumnFilter = Omit<EventFilter, 'minLatencyMs'>

/** Columns that `selectRows` reads. */
export function listFilterColumns(filter: ColumnFilter): readonly EqualField[] {
  const type: readonly EqualField[] = filter.family === undefined ? [] : ['type']
  return [...type, ...equalFields.filter((field) => filter[field] !== undefined)]
}

/** Rows of a part that fit the filter. */
export function selectRows(filter: ColumnFilter, columns: PartColumnMap, minutes: Uint32Array): Uint32Array {
  return keepFitting(filter, columns, minutes.length, () => selectTimes(filter, minutes))
}

/** Of some of the `count` rows those whose fields fit the filter. `list` is not asked where no row fits. */
export function keepFitting(
  filter: ColumnFilter,
  columns: PartColumnMap,
  count: number,
  list: () => Uint32Array,
): Uint32Array {
  let rows: Uint32Array | undefined
  for (const field of listFilterColumns(filter)) {
    const { codes, values } = readField(columns, field, count)
    const allowed = Uint8Array.from(values, (value) => Number(isAllowed(filter, field, value)))
    if (!allowed.includes(1)) return new Uint32Array(0)
    if (!allowed.includes(0)) continue
    rows = keepAllowed(rows ?? list(), codes, allowed)
  }
  return rows ?? list()
}

function isAllowed(filter: ColumnFilter, field: EqualField, value: FieldValue): boolean {
  const wanted = filter[field]
  if (wanted !== undefined && value !== (wanted === '' ? null : wanted)) return false
  if (field !== 'type' || filter.family === undefined) return true
  return listFamilyTypes(filter.family).some((type) => type === value)
}

function selectTimes({ sinceMs, untilMs }: ColumnFilter, minutes: Uint32Array): Uint32Array {
  const since = (sinceMs ?? 0) / minuteMs
  const until = (untilMs ?? Number.POSITIVE_INFINITY) / minuteMs
  const rows = new Uint32Array(minutes.length)
  let count = 0
  for (let row = 0; row < minutes.length; row++) {
    const minute = minutes[row] ?? 0
    if (minute >= since && minute < until) rows[count++] = row
  }
  return rows.subarray(0, count)
}

/** In place. */
function keepAllowed(rows: Uint32Array, codes: Uint32Array, allowed: Uint8Array): Uint32Array {
  let count = 0
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place] ?? 0
    if (allowed[codes[row] ?? 0] === 1) rows[count++] = row
  }
  return rows.subarray(0, count)
}
