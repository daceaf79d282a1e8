import { LRUCache } from 'lru-cache'
import type { SqlValue } from '../../contracts/sql-database.ts'
import type { SqlSession } from '../../contracts/sql-pool.ts'
import { contextColumns } from '../event-columns.ts'
import { equalFields } from '../event-filter.ts'
import type { FieldValue } from './column.ts'

/** For each context the values of `equalFields` that it has. */
export type ContextFieldsMap = ReadonlyMap<number, readonly FieldValue[]>

/** Some 400 bytes each. */
const mostContexts = 30_000
/** Parameters of one statement. */
const atOnce = 500

const inContext = new Set<string>(contextColumns.map(({ name }) => name))
const columns = equalFields.map((field) => (inContext.has(field) ? `"${field}"` : 'null')).join(', ')

/** Reads contexts, which never change, and keeps those that were read last. */
export class ContextFields {
  readonly #cache = new LRUCache<number, readonly FieldValue[]>({ max: mostContexts })

  async read(session: SqlSession, ids: ReadonlySet<number>): Promise<ContextFieldsMap> {
    const found = new Map<number, readonly FieldValue[]>()
    const missing: number[] = []
    for (const id of ids) {
      const fields = this.#cache.get(id)
      if (fields === undefined) missing.push(id)
      else found.set(id, fields)
    }
    for (let start = 0; start < missing.length; start += atOnce) {
      for (const [id, ...values] of await readContexts(session, missing.slice(start, start + atOnce))) {
        const fields = values as readonly FieldValue[]
        this.#cache.set(Number(id), fields)
        found.set(Number(id), fields)
      }
    }
    return found
  }
}

function readContexts(session: SqlSession, ids: readonly number[]): Promise<readonly (readonly SqlValue[])[]> {
  const marks = ids.map(() => '?').join(', ')
  return session.lists(`select context_id, ${columns} from event_contexts where context_id in (${marks})`, ids)
}
