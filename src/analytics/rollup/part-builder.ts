import type { Block } from '../blocks/block.ts'
import { encodeColumn, type FieldValue } from '../columns/column.ts'
import { equalFields } from '../event-filter.ts'
import { findBucket } from '../histogram.ts'
import { HistogramRows } from './histogram-rows.ts'
import { type Field, type PartColumnMap, readField, readSums, readWhole } from './part-view.ts'

export const minuteMs = 60_000

/** Numbers that are added up. */
export const sumColumns = ['bytesIn', 'bytesOut', 'resultTokens'] as const
/** Durations that are counted by bucket. */
export const histogramColumns = ['latency', 'gatewayLatency', 'upstreamLatency'] as const

/** Minutes with their events, by everything that can be asked for, as columns. */
export interface Part {
  readonly rows: number
  readonly events: number
  /** First and last minute. Milliseconds since the epoch. */
  readonly firstMs: number
  readonly lastMs: number
  /** Encoded, by name. */
  readonly columns: ReadonlyMap<string, Uint8Array>
}

class Dictionary {
  readonly values: FieldValue[] = []
  readonly #codes = new Map<FieldValue, number>()

  encode(value: FieldValue): number {
    let code = this.#codes.get(value)
    if (code === undefined) {
      code = this.values.length
      this.values.push(value)
      this.#codes.set(value, code)
    }
    return code
  }
}

export interface PartBuilderOptions {
  /** Events of a minute that agree in all fields become one row. Without it each has a row of its own, which costs less where few agree. */
  readonly joinsEvents: boolean
}

/** The fields of an event, as codes. */
interface Fields {
  readonly codes: readonly number[]
  /** Equal fields have the same number. */
  readonly number: number
}

/** More than a part has different fields: `minute * mostFields + fields` names a row. */
const mostFields = 2 ** 21

/** Rolls events, or the rows of other parts, up to one part. */
export class PartBuilder {
  readonly #joinsEvents: boolean
  readonly #dictionaries = equalFields.map(() => new Dictionary())
  readonly #codes: readonly number[][] = equalFields.map(() => [])
  readonly #minutes: number[] = []
  readonly #events: number[] = []
  readonly #sums: readonly number[][] = sumColumns.map(() => [])
  readonly #histograms = histogramColumns.map(() => new HistogramRows())
  readonly #fields = new Map<string, Fields>()
  /** Rows by minute and fields. */
  readonly #known = new Map<number, number>()

  constructor({ joinsEvents }: PartBuilderOptions) {
    this.#joinsEvents = joinsEvents
  }

  /** Adds events of a block; all, or some. */
  addBlock(block: Block, events: ArrayLike<number> = countTo(block.place.events)): void {
    const rows = this.#findRows(block, events)
    for (const row of rows) this.#events[row] = (this.#events[row] ?? 0) + 1
    for (const [index, name] of sumColumns.entries()) addNumbers(this.#sums[index], rows, block.numbers(name), events)
    this.#addDurations(block, events, rows)
  }

  /** Adds the rows of a part. `columns` are all of its columns. */
  addPart(columns: PartColumnMap): void {
    const minutes = readWhole(columns, 'minute')
    const start = this.#minutes.length
    append(this.#minutes, minutes)
    append(this.#events, readWhole(columns, 'events'))
    for (const [index, field] of equalFields.entries()) {
      const { codes, values } = readField(columns, field, minutes.length)
      const own = values.map((value) => this.#dictionaries[index]?.encode(value) ?? 0)
      append(
        this.#codes[index],
        codes.map((code) => own[code] ?? 0),
      )
    }
    for (const [index, name] of sumColumns.entries()) append(this.#sums[index], readSums(columns, name))
    for (const [index, name] of histogramColumns.entries()) this.#addHistograms(columns, name, index, start)
  }

  /** The part; undefined when nothing was added. */
  finish(): Part | undefined {
    if (this.#minutes.length === 0) return undefined
    const columns = new Map<string, Uint8Array>()
    const put = (name: string, ...arrays: readonly (readonly number[])[]) =>
      columns.set(name, encodeColumn(undefined, arrays))
    put('minute', this.#minutes)
    put('events', this.#events)
    for (const [index, field] of equalFields.entries()) {
      columns.set(field, encodeColumn(this.#dictionaries[index]?.values, [this.#codes[index] ?? []]))
    }
    for (const [index, name] of sumColumns.entries()) put(name, this.#sums[index] ?? [])
    for (const [index, name] of histogramColumns.entries()) put(name, ...(this.#histograms[index]?.finish() ?? []))
    const { first, last } = findRange(this.#minutes)
    return {
      rows: this.#minutes.length,
      events: this.#events.reduce((sum, events) => sum + events, 0),
      firstMs: first * minuteMs,
      lastMs: last * minuteMs,
      columns,
    }
  }

  #addHistograms(columns: PartColumnMap, name: string, index: number, start: number): void {
    const [ends, buckets, counts] = [
      readWhole(columns, name, 0),
      readWhole(columns, name, 1),
      readWhole(columns, name, 2),
    ]
    const histogram = this.#histograms[index]
    let at = 0
    for (const [row, end] of ends.entries()) {
      histogram?.addRow()
      for (; at < end; at++) histogram?.add(start + row, buckets[at] ?? 0, counts[at] ?? 0)
    }
  }

  #addDurations(block: Block, events: ArrayLike<number>, rows: Uint32Array): void {
    const [total, gateway, upstream] = this.#histograms
    const [latencies, upstreams] = [block.numbers('latencyMs'), block.numbers('upstreamMs')]
    for (let place = 0; place < rows.length; place++) {
      const event = events[place] ?? 0
      const latencyMs = latencies[event] ?? Number.NaN
      if (Number.isNaN(latencyMs)) continue
      const row = rows[place] ?? 0
      const upstreamMs = upstreams[event] ?? Number.NaN
      const isUpstream = !Number.isNaN(upstreamMs)
      total?.add(row, findBucket(latencyMs), 1)
      gateway?.add(row, findBucket(isUpstream ? latencyMs - upstreamMs : latencyMs), 1)
      if (isUpstream) upstream?.add(row, findBucket(upstreamMs), 1)
    }
  }

  /** The row of each event. */
  #findRows(block: Block, events: ArrayLike<number>): Uint32Array {
    const times = block.numbers('time')
    const fields = equalFields.map((name) => block.field(name))
    const combinations = combineFields(fields, block.place.events)
    // Of this block: most of its events have fields that others of it have.
    const known = new Map<number, Fields>()
    const findFields = (event: number, combination: number) => {
      const found = known.get(combination) ?? this.#findFields(fields, event)
      known.set(combination, found)
      return found
    }
    const rows = new Uint32Array(events.length)
    let [lastMinute, lastCombination, row] = [Number.NaN, Number.NaN, 0]
    for (let place = 0; place < events.length; place++) {
      const event = events[place] ?? 0
      const minute = Math.floor((times[event] ?? 0) / minuteMs)
      const combination = combinations[event] ?? 0
      // Where much happens, most are like the one before.
      const isSame = this.#joinsEvents && minute === lastMinute && combination === lastCombination
      if (!isSame) row = this.#findRow(minute, findFields(event, combination))
      rows[place] = row
      ;[lastMinute, lastCombination] = [minute, combination]
    }
    return rows
  }

  #findRow(minute: number, fields: Fields): number {
    if (!this.#joinsEvents) return this.#addRow(minute, fields)
    const key = minute * mostFields + fields.number
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const row = this.#addRow(minute, fields)
    this.#known.set(key, row)
    return row
  }

  #findFields(fields: readonly Field[], event: number): Fields {
    const codes = fields.map(
      (field, index) => this.#dictionaries[index]?.encode(field.values[field.codes[event] ?? 0] ?? null) ?? 0,
    )
    const name = codes.join()
    const known = this.#fields.get(name)
    if (known !== undefined) return known
    const found = { codes, number: this.#fields.size }
    this.#fields.set(name, found)
    return found
  }

  #addRow(minute: number, { codes }: Fields): number {
    for (let index = 0; index < codes.length; index++) this.#codes[index]?.push(codes[index] ?? 0)
    for (const sums of this.#sums) sums.push(0)
    for (const histogram of this.#histograms) histogram.addRow()
    this.#events.push(0)
    return this.#minutes.push(minute) - 1
  }
}

/** Beyond it, the next field might take a combination out of the integers. */
const mostCombinations = 2 ** 40

/** A number for each row: rows whose fields are equal have the same. */
function combineFields(fields: readonly Field[], rows: number): Float64Array {
  const numbers = new Float64Array(rows)
  let count = 1
  for (const { codes, values } of fields) {
    if (values.length <= 1) continue
    if (count > mostCombinations) count = renumber(numbers)
    for (let row = 0; row < rows; row++) numbers[row] = (numbers[row] ?? 0) * values.length + (codes[row] ?? 0)
    count *= values.length
  }
  return numbers
}

/** Makes numbers small, in place, and returns how many there are. */
function renumber(numbers: Float64Array): number {
  const known = new Map<number, number>()
  for (const [row, number] of numbers.entries()) {
    const short = known.get(number) ?? known.size
    known.set(number, short)
    numbers[row] = short
  }
  return known.size
}

function countTo(length: number): Uint32Array {
  const numbers = new Uint32Array(length)
  for (let index = 0; index < length; index++) numbers[index] = index
  return numbers
}

/** Adds what events have of a number to their rows. */
function addNumbers(
  sums: number[] | undefined,
  rows: Uint32Array,
  numbers: Float64Array,
  events: ArrayLike<number>,
): void {
  if (sums === undefined) return
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place] ?? 0
    const number = numbers[events[place] ?? 0] ?? 0
    if (!Number.isNaN(number)) sums[row] = (sums[row] ?? 0) + number
  }
}

/** Smallest and largest of some numbers. */
export function findRange(numbers: ArrayLike<number>): { readonly first: number; readonly last: number } {
  let first = numbers[0] ?? 0
  let last = first
  for (let index = 1; index < numbers.length; index++) {
    const number = numbers[index] ?? 0
    if (number < first) first = number
    if (number > last) last = number
  }
  return { first, last }
}

function append(numbers: number[] | undefined, more: ArrayLike<number>): void {
  for (let index = 0; index < more.length; index++) numbers?.push(more[index] ?? 0)
}
