import type { Exchange } from '../../contracts/exchange.ts'
import type { Logger } from '../../contracts/logger.ts'
import type { KnownCatalogs } from '../../contracts/storage.ts'
import { sha256 } from '../../lib/hash.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { Lru } from '../../lib/lru.ts'
import { CatalogPages } from '../../mcp/catalog-pages.ts'
import { ownerOf } from './member.ts'

/** What one person saw of one member. */
export interface SeenPage {
  readonly exchange: Exchange
  readonly member: string
  readonly method: string
  /** Member of the result that holds the list; undefined for a handshake. */
  readonly list: string | undefined
  /** Cursor of the request; undefined for the first page. */
  readonly cursor: string | undefined
  readonly result: JsonObject
}

const largestBytes = 1024 * 1024

/**
 * What members listed last, after their own policies, for each person by themselves: shown while a member does not answer. Written when it
 * changed, behind the answer.
 */
export class LastKnown {
  readonly #store: KnownCatalogs
  readonly #aggregate: string
  readonly #log: Logger
  readonly #pages = new CatalogPages(largestBytes)
  readonly #written = new Lru<string, string>(10_000)
  /** Size of what was looked at in the last minute. */
  readonly #seen = new Lru<string, number>(10_000, { ttl: 60_000 })
  #writing: Promise<void> = Promise.resolve()

  constructor(store: KnownCatalogs, aggregate: string, log: Logger) {
    this.#store = store
    this.#aggregate = aggregate
    this.#log = log
  }

  /** Nearly always it is what it was a moment ago: one of the same size is looked at once a minute. */
  note({ exchange, member, method, list, cursor, result }: SeenPage, size: number | undefined): void {
    if (result.resultType !== undefined && result.resultType !== 'complete') return
    const key = JSON.stringify([exchange.tenant, member, ownerOf(exchange), method])
    const page = JSON.stringify([key, cursor])
    if (size !== undefined && this.#seen.get(page) === size) return
    if (size !== undefined) this.#seen.set(page, size)
    const bytes = size ?? JSON.stringify(result).length
    const whole = list === undefined ? result : this.#pages.add({ key, member: list, cursor, result, bytes })
    if (whole === undefined || bytes > largestBytes) return
    const { ttlMs: _, ...lasting } = whole
    const text = JSON.stringify(lasting)
    const hash = sha256(text)
    if (this.#written.get(key) === hash) return
    this.#written.set(key, hash)
    const record = { ...this.#keyOf(exchange, member, method), result: text, updatedAtMs: Date.now() }
    this.#later(() => this.#store.put(record))
  }

  async find(exchange: Exchange, member: string, method: string): Promise<JsonObject | undefined> {
    await this.#writing
    const record = await this.#store.find(this.#keyOf(exchange, member, method))
    const result: unknown = record && JSON.parse(record.result)
    return isJsonObject(result) ? result : undefined
  }

  /** The person is not connected any more: what they saw ended with that. */
  forget(exchange: Exchange, member: string): void {
    const { tenant, virtualServer, owner } = this.#keyOf(exchange, member, '')
    this.#written.clear()
    this.#seen.clear()
    this.#later(() => this.#store.remove(tenant, virtualServer, owner))
  }

  flush(): Promise<void> {
    return this.#writing
  }

  #keyOf(exchange: Exchange, member: string, method: string) {
    const virtualServer = `${this.#aggregate}/${member}`
    return { tenant: exchange.tenant, virtualServer, owner: ownerOf(exchange), method }
  }

  #later(write: () => Promise<void>): void {
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      this.#log.warn({ route: this.#aggregate, err: error }, 'could not remember a catalogue')
    })
  }
}
