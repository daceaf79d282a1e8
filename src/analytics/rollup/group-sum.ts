import { bucketCount, type Histogram } from '../histogram.ts'
import type { Group, Grouping, Measure } from '../questions/question.ts'
import { Tally } from '../tally.ts'
import { GroupIndex } from './group-index.ts'
import { findRange, minuteMs } from './part-builder.ts'
import { type Field, type PartColumnMap, readField, readSums, readWhole } from './part-view.ts'
import { type ColumnFilter, listFilterColumns, selectRows } from './select-rows.ts'

type Duration = 'latency' | 'gatewayLatency' | 'upstreamLatency'

/** Beyond it, groups are looked up row by row. 4 MiB for each part. */
const maxCombinations = 2 ** 20
/** 16 MiB for each duration. */
const maxCountedGroups = 2048

const columnsOfMeasure: { readonly [measure in Measure]: readonly string[] } = {
  latency: ['latency'],
  gatewayLatency: ['gatewayLatency'],
  upstreamLatency: ['upstreamLatency'],
  bytes: ['bytesIn', 'bytesOut'],
  resultTokens: ['resultTokens'],
}

/** Columns that a grouping reads. */
export function listColumns(filter: ColumnFilter, { by = [], measures = [] }: Grouping): readonly string[] {
  const measured = measures.flatMap((measure) => columnsOfMeasure[measure])
  return [
    ...new Set(['minute', 'events', 'outcome', 'failureOrigin', ...listFilterColumns(filter), ...by, ...measured]),
  ]
}

/** Adds up the rows of many parts, by group. */
export class GroupSum {
  readonly #filter: ColumnFilter
  readonly #grouping: Grouping
  /** The last field is the stretch of time. */
  readonly #index: GroupIndex
  readonly #tallies: Tally[] = []
  /** Durations of all groups, `bucketCount` for each. */
  readonly #counted = new Map<Duration, Uint32Array>()

  constructor(filter: ColumnFilter, grouping: Grouping) {
    this.#filter = filter
    this.#grouping = grouping
    this.#index = new GroupIndex((grouping.by?.length ?? 0) + 1)
  }

  get groups(): readonly Group[] {
    for (const [name, counted] of this.#counted) {
      for (const [group, tally] of this.#tallies.entries()) {
        tally[name].addCounts(counted.subarray(group * bucketCount, (group + 1) * bucketCount))
      }
    }
    this.#counted.clear()
    return this.#tallies.map((tally, group) => {
      const key = this.#index.keyOf(group)
      return { key: key.slice(0, -1), timeMs: Number(key.at(-1)), tally }
    })
  }

  /** Adds a part of which `listColumns` are given. */
  add(columns: PartColumnMap): void {
    const minutes = readWhole(columns, 'minute')
    const rows = selectRows(this.#filter, columns, minutes)
    if (rows.length === 0) return
    const groups = this.#assign(columns, minutes, rows)
    while (this.#tallies.length < this.#index.size) this.#tallies.push(new Tally())
    addEvents(columns, rows, groups, this.#tallies)
    for (const measure of this.#grouping.measures ?? []) {
      for (const name of columnsOfMeasure[measure]) this.#addNumbers(name, columns, rows, groups)
    }
  }

  /** The group of each row. */
  #assign(columns: PartColumnMap, minutes: Uint32Array, rows: Uint32Array): Uint32Array {
    const fields = (this.#grouping.by ?? []).map((field) => readField(columns, field, minutes.length))
    const all = [...fields, this.#findStretches(minutes)]
    const shared = all.map(({ values }, field) => this.#index.translate(field, values))
    const combinations = all.reduce((product, { values }) => product * values.length, 1)
    return combinations <= maxCombinations
      ? this.#lookUpGroups(all, shared, rows, combinations)
      : this.#findGroups(all, shared, rows)
  }

  /** Each combination of values of the part is looked up once. */
  #lookUpGroups(
    fields: readonly Field[],
    shared: readonly Uint32Array[],
    rows: Uint32Array,
    combinations: number,
  ): Uint32Array {
    const groups = new Uint32Array(rows.length)
    for (const { codes, values } of fields) {
      if (values.length > 1) combineCodes(groups, rows, codes, values.length)
    }
    const known = new Int32Array(combinations).fill(-1)
    for (let place = 0; place < rows.length; place++) {
      const combination = groups[place] ?? 0
      let group = known[combination] ?? -1
      if (group < 0) {
        group = this.#index.find(this.#placeOf(combination, fields, shared))
        known[combination] = group
      }
      groups[place] = group
    }
    return groups
  }

  #placeOf(combination: number, fields: readonly Field[], shared: readonly Uint32Array[]): number {
    const codes: number[] = []
    let rest = combination
    for (const { values } of fields.toReversed()) {
      codes.unshift(rest % values.length)
      rest = Math.floor(rest / values.length)
    }
    return codes.reduce((place, code, field) => this.#index.extend(place, field, shared[field]?.[code] ?? 0), 0)
  }

  #findGroups(fields: readonly Field[], shared: readonly Uint32Array[], rows: Uint32Array): Uint32Array {
    const places = new Float64Array(rows.length)
    for (const [field, { codes }] of fields.entries()) {
      extendPlaces(places, rows, codes, shared[field] ?? new Uint32Array(0), this.#index.rooms[field] ?? 1)
    }
    return Uint32Array.from(places, (place) => this.#index.find(place))
  }

  /** Stretches begin where the range does, so that none is cut short by it. */
  #findStretches(minutes: Uint32Array) {
    const { everyMs } = this.#grouping
    if (everyMs === undefined) return { codes: new Uint32Array(minutes.length), values: [0] }
    const length = everyMs / minuteMs
    const origin = (this.#filter.sinceMs ?? 0) / minuteMs
    const range = findRange(minutes)
    const first = Math.floor((range.first - origin) / length)
    const codes = minutes.map((minute) => Math.floor((minute - origin) / length) - first)
    const last = Math.floor((range.last - origin) / length) - first
    const values = Array.from({ length: last + 1 }, (_, code) => (origin + (first + code) * length) * minuteMs)
    return { codes, values }
  }

  /** Undefined: there are too many groups for one array. */
  #makeRoom(name: Duration): Uint32Array | undefined {
    const counted = this.#counted.get(name) ?? new Uint32Array(0)
    const wanted = this.#tallies.length * bucketCount
    if (wanted <= counted.length) return counted
    if (this.#tallies.length > maxCountedGroups) return undefined
    const larger = new Uint32Array(wanted * 2)
    larger.set(counted)
    this.#counted.set(name, larger)
    return larger
  }

  #addNumbers(name: string, columns: PartColumnMap, rows: Uint32Array, groups: Uint32Array): void {
    if (name === 'bytesIn' || name === 'bytesOut' || name === 'resultTokens') {
      const sums = addSums(readSums(columns, name), rows, groups, this.#tallies.length)
      for (const [group, tally] of this.#tallies.entries()) tally[name] += sums[group] ?? 0
    } else if (name === 'latency' || name === 'gatewayLatency' || name === 'upstreamLatency') {
      const counts = this.#makeRoom(name)
      if (counts === undefined) {
        addDurations(
          columns,
          name,
          rows,
          groups,
          this.#tallies.map((tally) => tally[name]),
        )
      } else countDurations(columns, name, rows, groups, counts)
    }
  }
}

function combineCodes(combinations: Uint32Array, rows: Uint32Array, codes: Uint32Array, values: number): void {
  for (let place = 0; place < rows.length; place++) {
    combinations[place] = (combinations[place] ?? 0) * values + (codes[rows[place] ?? 0] ?? 0)
  }
}

function extendPlaces(
  places: Float64Array,
  rows: Uint32Array,
  codes: Uint32Array,
  shared: Uint32Array,
  room: number,
): void {
  for (let place = 0; place < rows.length; place++) {
    places[place] = (places[place] ?? 0) * room + (shared[codes[rows[place] ?? 0] ?? 0] ?? 0)
  }
}

function addEvents(columns: PartColumnMap, rows: Uint32Array, groups: Uint32Array, tallies: readonly Tally[]): void {
  const events = readWhole(columns, 'events')
  const outcome = readField(columns, 'outcome', events.length)
  const origin = readField(columns, 'failureOrigin', events.length)
  const kinds = outcome.values.length * origin.values.length
  // How events ended takes few values: they are added up by them first, and told apart afterwards.
  const sums = new Float64Array(tallies.length * kinds)
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place] ?? 0
    const kind = (outcome.codes[row] ?? 0) * origin.values.length + (origin.codes[row] ?? 0)
    const at = (groups[place] ?? 0) * kinds + kind
    sums[at] = (sums[at] ?? 0) + (events[row] ?? 0)
  }
  for (const [group, tally] of tallies.entries()) {
    for (let kind = 0; kind < kinds; kind++) {
      const count = sums[group * kinds + kind] ?? 0
      if (count === 0) continue
      const ended = outcome.values[Math.floor(kind / origin.values.length)]
      addEnded(tally, count, ended, origin.values[kind % origin.values.length])
    }
  }
}

function addEnded(tally: Tally, count: number, outcome: unknown, origin: unknown): void {
  tally.events += count
  if (outcome === 'success') tally.succeeded += count
  if (outcome === 'partial') tally.partial += count
  if (origin === 'client') tally.clientErrors += count
  if (origin === 'gateway') tally.gatewayErrors += count
  if (origin === 'upstream') tally.upstreamErrors += count
}

function addSums(numbers: Float64Array, rows: Uint32Array, groups: Uint32Array, count: number): Float64Array {
  const sums = new Float64Array(count)
  for (let place = 0; place < rows.length; place++) {
    const group = groups[place] ?? 0
    sums[group] = (sums[group] ?? 0) + (numbers[rows[place] ?? 0] ?? 0)
  }
  return sums
}

/** As `addDurations`, into one array of all groups: a third of the time. */
function countDurations(
  columns: PartColumnMap,
  name: string,
  rows: Uint32Array,
  groups: Uint32Array,
  counted: Uint32Array,
): void {
  const ends = readWhole(columns, name, 0)
  const buckets = readWhole(columns, name, 1)
  const counts = readWhole(columns, name, 2)
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place] ?? 0
    const end = ends[row] ?? 0
    const start = (groups[place] ?? 0) * bucketCount
    for (let at = row === 0 ? 0 : (ends[row - 1] ?? 0); at < end; at++) {
      const cell = start + (buckets[at] ?? 0)
      counted[cell] = (counted[cell] ?? 0) + (counts[at] ?? 0)
    }
  }
}

function addDurations(
  columns: PartColumnMap,
  name: string,
  rows: Uint32Array,
  groups: Uint32Array,
  histograms: readonly Histogram[],
): void {
  const ends = readWhole(columns, name, 0)
  const buckets = readWhole(columns, name, 1)
  const counts = readWhole(columns, name, 2)
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place] ?? 0
    const end = ends[row] ?? 0
    const histogram = histograms[groups[place] ?? 0]
    for (let at = row === 0 ? 0 : (ends[row - 1] ?? 0); at < end; at++)
      histogram?.add(buckets[at] ?? 0, counts[at] ?? 0)
  }
}
