import type { GatewayEvent } from '../event.ts'
import { equalFields } from '../event-filter.ts'
import { findBucket } from '../histogram.ts'
import { type Column, encodeColumn, type FieldValue } from './column.ts'

export const minuteMs = 60_000

/** Numbers that are added up. */
export const sumColumns = ['bytesIn', 'bytesOut', 'resultTokens'] as const
/** Durations that are counted by bucket. */
export const histogramColumns = ['latency', 'gatewayLatency', 'upstreamLatency'] as const

/** Fields that are read of an event to roll it up. */
export const rolledUpFields = [
  'time',
  ...equalFields,
  ...sumColumns,
  'latencyMs',
  'upstreamMs',
] as const satisfies readonly (keyof GatewayEvent)[]

export type RolledUpEvent = Pick<GatewayEvent, (typeof rolledUpFields)[number]>

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

/** One row: the events of a minute that agree in all fields. */
interface Row {
  readonly minute: number
  readonly codes: readonly number[]
  events: number
  readonly sums: number[]
  readonly histograms: readonly Map<number, number>[]
}

/** Rolls events, or the rows of other parts, up to one part. */
export class PartBuilder {
  readonly #dictionaries = equalFields.map(() => new Dictionary())
  readonly #rows = new Map<string, Row>()

  get size(): number {
    return this.#rows.size
  }

  add(event: RolledUpEvent): void {
    const row = this.#rowOf(
      Math.floor(event.time / minuteMs),
      equalFields.map((field) => event[field]),
    )
    row.events++
    for (const [index, name] of sumColumns.entries()) row.sums[index] = (row.sums[index] ?? 0) + (event[name] ?? 0)
    const { latencyMs, upstreamMs } = event
    if (latencyMs === null) return
    count(row.histograms[0], findBucket(latencyMs), 1)
    count(row.histograms[1], findBucket(latencyMs - (upstreamMs ?? 0)), 1)
    if (upstreamMs !== null) count(row.histograms[2], findBucket(upstreamMs), 1)
  }

  /** Adds the rows of a part. `columns` are all of its columns. */
  addPart(columns: ReadonlyMap<string, Column>): void {
    const minutes = arrayOf(columns, 'minute', 0)
    const events = arrayOf(columns, 'events', 0)
    const fields = equalFields.map((field) => columns.get(field))
    const sums = sumColumns.map((name) => arrayOf(columns, name, 0))
    const histograms = histogramColumns.map((name) => [0, 1, 2].map((index) => arrayOf(columns, name, index)))
    for (let index = 0; index < minutes.length; index++) {
      const values = fields.map((column) => column?.values?.[column.arrays[0]?.[index] ?? 0] ?? null)
      const row = this.#rowOf(minutes[index] ?? 0, values)
      row.events += events[index] ?? 0
      for (const [sum, array] of sums.entries()) row.sums[sum] = (row.sums[sum] ?? 0) + (array[index] ?? 0)
      for (const [which, [ends = [], buckets = [], counts = []]] of histograms.entries()) {
        for (let place = index === 0 ? 0 : (ends[index - 1] ?? 0); place < (ends[index] ?? 0); place++) {
          count(row.histograms[which], buckets[place] ?? 0, counts[place] ?? 0)
        }
      }
    }
  }

  /** The part; undefined when nothing was added. */
  finish(): Part | undefined {
    const rows = [...this.#rows.values()].toSorted((left, right) => left.minute - right.minute)
    const [first, last] = [rows[0], rows.at(-1)]
    if (!first || !last) return undefined
    const columns = new Map<string, Uint8Array>()
    const put = (name: string, ...arrays: readonly number[][]) => columns.set(name, encodeColumn(undefined, arrays))
    put(
      'minute',
      rows.map(({ minute }) => minute),
    )
    put(
      'events',
      rows.map(({ events }) => events),
    )
    for (const [index, field] of equalFields.entries()) {
      const codes = rows.map((row) => row.codes[index] ?? 0)
      columns.set(field, encodeColumn(this.#dictionaries[index]?.values, [codes]))
    }
    for (const [index, name] of sumColumns.entries())
      put(
        name,
        rows.map((row) => row.sums[index] ?? 0),
      )
    for (const [index, name] of histogramColumns.entries())
      put(name, ...flatten(rows.map((row) => row.histograms[index])))
    return {
      rows: rows.length,
      events: rows.reduce((sum, row) => sum + row.events, 0),
      firstMs: first.minute * minuteMs,
      lastMs: last.minute * minuteMs,
      columns,
    }
  }

  #rowOf(minute: number, values: readonly FieldValue[]): Row {
    const codes = values.map((value, index) => this.#dictionaries[index]?.encode(value) ?? 0)
    const key = `${minute},${codes.join(',')}`
    let row = this.#rows.get(key)
    if (row === undefined) {
      row = { minute, codes, events: 0, sums: [], histograms: histogramColumns.map(() => new Map()) }
      this.#rows.set(key, row)
    }
    return row
  }
}

function count(histogram: Map<number, number> | undefined, bucket: number, times: number): void {
  histogram?.set(bucket, (histogram.get(bucket) ?? 0) + times)
}

function flatten(histograms: readonly (ReadonlyMap<number, number> | undefined)[]): number[][] {
  const [ends, buckets, counts]: [number[], number[], number[]] = [[], [], []]
  for (const histogram of histograms) {
    for (const [bucket, times] of histogram ?? []) {
      buckets.push(bucket)
      counts.push(times)
    }
    ends.push(buckets.length)
  }
  return [ends, buckets, counts]
}

function arrayOf(columns: ReadonlyMap<string, Column>, name: string, index: number): ArrayLike<number> {
  return columns.get(name)?.arrays[index] ?? []
}
