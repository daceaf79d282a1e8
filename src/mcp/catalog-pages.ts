import type { JsonObject } from '../lib/json.ts'
import { Lru } from '../lib/lru.ts'

/** The first pages of a list. */
interface FirstPages {
  readonly results: readonly JsonObject[]
  readonly bytes: number
  readonly next: string
}

/** One page, as it was asked for and answered. */
export interface CatalogPage {
  /** Names the list. */
  readonly key: string
  /** Member of the result that holds the list. */
  readonly member: string
  /** Cursor of the request; undefined for the first page. */
  readonly cursor: string | undefined
  readonly result: JsonObject
  readonly bytes: number
}

/** Puts lists together whose pages are answered one by one, each at most `largestBytes`. */
export class CatalogPages {
  readonly #largestBytes: number
  readonly #unfinished: Lru<string, FirstPages>

  constructor(largestBytes: number) {
    this.#largestBytes = largestBytes
    const maxSize = 16 * largestBytes
    this.#unfinished = new Lru(maxSize, { sizeCalculation: ({ bytes }) => Math.max(bytes, 1) })
  }

  /** The whole list, once its last page came; undefined before that, and when a page is missing. */
  add({ key, member, cursor, result, bytes }: CatalogPage): JsonObject | undefined {
    const before = cursor === undefined ? undefined : this.#unfinished.get(key)
    if (cursor !== undefined && before?.next !== cursor) return undefined
    const results = [...(before?.results ?? []), result]
    const allBytes = (before?.bytes ?? 0) + bytes
    const { nextCursor } = result
    this.#unfinished.delete(key)
    if (typeof nextCursor === 'string') {
      if (allBytes <= this.#largestBytes) this.#unfinished.set(key, { results, bytes: allBytes, next: nextCursor })
      return undefined
    }
    const entries = results.flatMap((page): unknown[] => (Array.isArray(page[member]) ? page[member] : []))
    return { ...result, [member]: entries }
  }
}
