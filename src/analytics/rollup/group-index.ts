import type { FieldValue } from '../columns/column.ts'

/** A group is found in a table of at most as many entries (16 MiB), else in a map. */
const maxTable = 2 ** 22

/** Distinct values of one field, over all parts. */
class Values {
  readonly list: FieldValue[] = []
  /** How many there is room for in the numbering of groups. */
  room = 16
  readonly #codes = new Map<FieldValue, number>()

  encode(value: FieldValue): number {
    let code = this.#codes.get(value)
    if (code === undefined) {
      code = this.list.length
      this.list.push(value)
      this.#codes.set(value, code)
    }
    return code
  }
}

/** Numbers groups by the values of their fields, the same in all parts. */
export class GroupIndex {
  readonly #fields: readonly Values[]
  /** Values of each group, as codes. */
  readonly #groups: number[][] = []
  #table: Int32Array | undefined
  readonly #map = new Map<number, number>()

  constructor(fields: number) {
    this.#fields = Array.from({ length: fields }, () => new Values())
    this.#rebuild()
  }

  get size(): number {
    return this.#groups.length
  }

  /** Values of a group. */
  keyOf(group: number): readonly FieldValue[] {
    return (this.#groups[group] ?? []).map((code, index) => this.#fields[index]?.list[code] ?? null)
  }

  /** Codes of all parts for those of one. Call it for every field before `find` is called for the part. */
  translate(field: number, values: readonly FieldValue[]): Uint32Array {
    const known = this.#fields[field]
    const codes = Uint32Array.from(values, (value) => known?.encode(value) ?? 0)
    if (known && known.list.length > known.room) {
      while (known.list.length > known.room) known.room *= 2
      this.#rebuild()
    }
    return codes
  }

  /** The place of a combination of codes among all that are possible. Grows by one factor for each field. */
  extend(place: number, field: number, code: number): number {
    return place * (this.#fields[field]?.room ?? 1) + code
  }

  /** Rooms of the fields, for loops that compute `extend` themselves. */
  get rooms(): readonly number[] {
    return this.#fields.map(({ room }) => room)
  }

  /** The group at a place; made when it is new. */
  find(place: number): number {
    const known = this.#table === undefined ? (this.#map.get(place) ?? -1) : (this.#table[place] ?? -1)
    return known >= 0 ? known : this.#add(place)
  }

  #add(place: number): number {
    const group = this.#groups.length
    const codes: number[] = []
    let rest = place
    for (const { room } of this.#fields.toReversed()) {
      codes.unshift(rest % room)
      rest = Math.floor(rest / room)
    }
    this.#groups.push(codes)
    this.#put(place, group)
    return group
  }

  #put(place: number, group: number): void {
    if (this.#table === undefined) this.#map.set(place, group)
    else this.#table[place] = group
  }

  #rebuild(): void {
    const size = this.#fields.reduce((product, { room }) => product * room, 1)
    this.#table = size <= maxTable ? new Int32Array(size).fill(-1) : undefined
    this.#map.clear()
    for (const [group, codes] of this.#groups.entries()) {
      this.#put(
        codes.reduce((place, code, field) => this.extend(place, field, code), 0),
        group,
      )
    }
  }
}
