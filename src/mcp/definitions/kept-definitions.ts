import type { Logger } from '../../contracts/logger.ts'
import type { DefinitionList, DefinitionPage } from '../../contracts/pinned-definitions.ts'
import type { KnownCatalogRecord, KnownCatalogs } from '../../contracts/storage.ts'
import { sha256 } from '../../lib/hash.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { Lru } from '../../lib/lru.ts'

/** Of which list of which virtual server, in which tenant. */
export interface KeptList {
  readonly tenant: string
  readonly server: string
  readonly list: DefinitionList
}

interface Pages {
  readonly entries: readonly JsonObject[]
  readonly next: string
}

/** Owner in the store: no subject, and not the shared connection, whose end removes what it saw. */
const owner = 'definitions'

const mostEntries = 20_000
const largestBytes = 8 * 1024 * 1024
const writeAfterMs = 500

/** What upstreams listed last, in the store. Written behind the answers; of several within half a second only the last. */
export class KeptDefinitions {
  readonly #store: KnownCatalogs
  readonly #log: Logger
  /** Lists whose last page has not come yet, by who asks. */
  readonly #unfinished = new Lru<string, Pages>(200)
  /** Hash of what was written last. */
  readonly #written = new Lru<string, string>(10_000)
  readonly #pending = new Map<string, KnownCatalogRecord>()
  #timer: NodeJS.Timeout | undefined
  #writing = Promise.resolve()

  constructor(store: KnownCatalogs, log: Logger) {
    this.#store = store
    this.#log = log
  }

  /** Takes one page that `caller` was shown; pages must follow each other. */
  keep(
    kept: KeptList,
    caller: string | undefined,
    { cursor, next }: DefinitionPage,
    entries: readonly JsonObject[],
  ): void {
    const key = JSON.stringify([kept.tenant, kept.server, kept.list, caller])
    const before = cursor === undefined ? undefined : this.#unfinished.get(key)
    if (cursor !== undefined && before?.next !== cursor) return
    const all = [...(before?.entries ?? []), ...entries]
    this.#unfinished.delete(key)
    if (next === undefined) this.#write(kept, all)
    else if (all.length <= mostEntries) this.#unfinished.set(key, { entries: all, next })
  }

  /** Writes what waits. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const records = [...this.#pending]
    this.#pending.clear()
    for (const [key, record] of records) {
      const hash = sha256(record.result)
      if (this.#written.get(key) === hash) continue
      this.#written.set(key, hash)
      const { virtualServer: route } = record
      this.#writing = this.#writing
        .then(() => this.#store.put(record))
        .catch((error: unknown) => this.#log.warn({ route, err: error }, 'could not keep definitions'))
    }
    return this.#writing
  }

  #write({ tenant, server, list }: KeptList, entries: readonly JsonObject[]): void {
    const result = JSON.stringify({ entries })
    if (result.length > largestBytes) return
    const record = { tenant, virtualServer: server, owner, method: list, result, updatedAtMs: Date.now() }
    this.#pending.set(JSON.stringify([tenant, server, list]), record)
    this.#timer ??= setTimeout(() => void this.flush(), writeAfterMs).unref()
  }
}

/** What was listed last; undefined when nobody did. */
export async function readKeptDefinitions(
  store: KnownCatalogs,
  { tenant, server, list }: KeptList,
): Promise<readonly JsonObject[] | undefined> {
  const record = await store.find({ tenant, virtualServer: server, owner, method: list })
  const result: unknown = record && JSON.parse(record.result)
  const entries = isJsonObject(result) ? result.entries : undefined
  return Array.isArray(entries) ? (entries as unknown[]).filter(isJsonObject) : undefined
}
