import type { Clock } from '../contracts/clock.ts'
import type { SqlValue } from '../contracts/sql-database.ts'
import type { GatewayEvent } from './event.ts'
import { contextColumns, findPlaces } from './event-columns.ts'

/** What events share, and the number under which the database has it. */
export interface EventContext {
  /** Undefined: the database has not been told. */
  id: number | undefined
}

/** After it a context is told again, so that old ones can be deleted: `retention.ts` keeps them longer than that. */
export const contextLifeMs = 24 * 60 * 60 * 1000
/** Contexts that are remembered. Some 500 bytes each. */
const mostContexts = 20_000

/** Those that vary most come last: contexts that differ in them only have the rest in common. */
const variedFields: readonly (keyof GatewayEvent)[] = ['clientName', 'clientVersion', 'team', 'steps']
const isVaried = ({ name }: { readonly name: keyof GatewayEvent }) => variedFields.includes(name)
const variedColumns = variedFields.flatMap((field) => contextColumns.find(({ name }) => name === field) ?? [])
const places = findPlaces([...contextColumns.filter((column) => !isVaried(column)), ...variedColumns])

class Level implements EventContext {
  id: number | undefined
  #next: Map<SqlValue, Level> | undefined

  at(value: SqlValue): Level | undefined {
    return this.#next?.get(value)
  }

  grow(value: SqlValue): Level {
    const level = new Level()
    this.#next ??= new Map()
    this.#next.set(value, level)
    return level
  }
}

/** Finds the context of an event by its values, one after the other. Most have those of the event before, for which nothing is looked up. */
export class ContextIndex {
  readonly #clock: Clock
  #path: Level[] = [new Level()]
  #values: SqlValue[] = []
  #size = 0
  #bornMs: number

  constructor(clock: Clock = Date.now) {
    this.#clock = clock
    this.#bornMs = clock()
  }

  /** The context of an event of which `listValues` are given. */
  find(values: readonly SqlValue[]): EventContext {
    let depth = 0
    while (depth < this.#values.length && values[places[depth] ?? 0] === this.#values[depth]) depth++
    // The path holds one level for each value, after the root.
    let level = this.#path[depth] ?? this.#rootOf()
    let isNew = false
    for (; depth < places.length; depth++) {
      const value = values[places[depth] ?? 0] ?? null
      const known = level.at(value)
      isNew = known === undefined
      level = known ?? level.grow(value)
      this.#values[depth] = value
      this.#path[depth + 1] = level
    }
    if (isNew) this.#size++
    return level
  }

  /** Call it before each batch: forgets what is too old, or too much. */
  renew(): void {
    // A clock that was put back would make them live longer, by as much.
    const ageMs = Math.abs(this.#clock() - this.#bornMs)
    if (this.#size > mostContexts || ageMs > contextLifeMs) this.clear()
  }

  /** Forgets everything: what the database was told did not last. */
  clear(): void {
    this.#path = [new Level()]
    this.#values = []
    this.#size = 0
    this.#bornMs = this.#clock()
  }

  #rootOf(): Level {
    const root = this.#path[0] ?? new Level()
    this.#path[0] = root
    return root
  }
}
