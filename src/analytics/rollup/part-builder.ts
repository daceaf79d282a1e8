import type { SqlValue } from '../../contracts/sql-database.ts'
import { ownColumns } from '../event-columns.ts'
import { equalFields } from '../event-filter.ts'
import { findBucket } from '../histogram.ts'
import { encodeColumn, type FieldValue } from './column.ts'
import type { ContextFieldsMap } from './context-fields.ts'
import { HistogramRows } from './histogram-rows.ts'
import { type PartColumnMap, readField, readSums, readWhole } from './part-view.ts'

export const minuteMs = 60_000

/** Numbers that are added up. */
export const sumColumns = ['bytesIn', 'bytesOut', 'resultTokens'] as const
/** Durations that are counted by bucket. */
export const histogramColumns = ['latency', 'gatewayLatency', 'upstreamLatency'] as const

/** Fields that an event does not share, and where they are among all. */
const ownFields = equalFields.filter((field) => ownColumns.some(({ name }) => name === field))
const ownPlaces = ownFields.map((field) => equalFields.indexOf(field))

/** Columns of `events` and `event_rows` that are read to roll an event up. */
export const rolledUpColumns = ['time', 'context_id', ...ownFields, ...sumColumns, 'latencyMs', 'upstreamMs', 'row_id']
  .map((name) => `"${name}"`)
  .join(', ')

/** An event in the order of `rolledUpColumns`. */
export type RolledUpEvent = readonly SqlValue[]

const [timeAt, contextAt, firstOwn, firstSum] = [0, 1, 2, 2 + ownFields.length]
const [latencyAt, upstreamAt] = [firstSum + sumColumns.length, firstSum + sumColumns.length + 1]

/** The contexts that events name. */
export function listContexts(events: readonly RolledUpEvent[]): ReadonlySet<number> {
  const contexts = new Set<number>()
  for (const event of events) contexts.add(Number(event[contextAt]))
  return contexts
}

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
  /** Those of the events that are added. */
  readonly contexts?: ContextFieldsMap
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
  readonly #contexts: ContextFieldsMap
  /** By number of the context, without the own fields. */
  readonly #shared = new Map<number, Fields>()
  readonly #fields = new Map<string, Fields>()
  readonly #numbers = new Map<string, number>()
  readonly #known = new Map<number, number>()

  constructor({ joinsEvents, contexts = new Map() }: PartBuilderOptions) {
    this.#joinsEvents = joinsEvents
    this.#contexts = contexts
  }

  add(event: RolledUpEvent): void {
    const row = this.#findRow(event)
    this.#events[row] = (this.#events[row] ?? 0) + 1
    for (let index = 0; index < this.#sums.length; index++) {
      const sums = this.#sums[index]
      if (sums) sums[row] = (sums[row] ?? 0) + Number(event[firstSum + index] ?? 0)
    }
    const [latencyMs, upstreamMs] = [event[latencyAt], event[upstreamAt]]
    if (typeof latencyMs !== 'number') return
    const [total, gateway, upstream] = this.#histograms
    const ofUpstream = typeof upstreamMs === 'number' ? upstreamMs : undefined
    total?.add(row, findBucket(latencyMs), 1)
    gateway?.add(row, findBucket(latencyMs - (ofUpstream ?? 0)), 1)
    if (ofUpstream !== undefined) upstream?.add(row, findBucket(ofUpstream), 1)
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

  #findRow(event: RolledUpEvent): number {
    const minute = Math.floor(Number(event[timeAt]) / minuteMs)
    const fields = this.#findFields(event)
    if (!this.#joinsEvents) return this.#addRow(minute, fields)
    const key = minute * mostFields + fields.number
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const row = this.#addRow(minute, fields)
    this.#known.set(key, row)
    return row
  }

  #findFields(event: RolledUpEvent): Fields {
    const shared = this.#findShared(Number(event[contextAt]))
    const own = ownPlaces.map((place, index) => this.#encode(place, event[firstOwn + index] as FieldValue))
    const name = `${shared.number},${own.join()}`
    const known = this.#fields.get(name)
    if (known !== undefined) return known
    const codes = [...shared.codes]
    for (const [index, place] of ownPlaces.entries()) codes[place] = own[index] ?? 0
    const fields = { codes, number: this.#fields.size }
    this.#fields.set(name, fields)
    return fields
  }

  #findShared(context: number): Fields {
    const known = this.#shared.get(context)
    if (known !== undefined) return known
    const values = this.#contexts.get(context) ?? []
    const codes = equalFields.map((_, place) =>
      ownPlaces.includes(place) ? 0 : this.#encode(place, values[place] ?? null),
    )
    const name = codes.join()
    const number = this.#numbers.get(name) ?? this.#numbers.size
    this.#numbers.set(name, number)
    const fields = { codes, number }
    this.#shared.set(context, fields)
    return fields
  }

  #encode(place: number, value: FieldValue): number {
    return this.#dictionaries[place]?.encode(value) ?? 0
  }

  #addRow(minute: number, { codes }: Fields): number {
    for (let index = 0; index < codes.length; index++) this.#codes[index]?.push(codes[index] ?? 0)
    for (const sums of this.#sums) sums.push(0)
    for (const histogram of this.#histograms) histogram.addRow()
    this.#events.push(0)
    return this.#minutes.push(minute) - 1
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
