import { LRUCache } from 'lru-cache'
import type { SqlRow } from '../../contracts/sql-database.ts'
import type { SqlSession } from '../../contracts/sql-pool.ts'
import { type Column, decodeColumn } from '../columns/column.ts'
import type { Part } from './part-builder.ts'

/** A stored part: which rows of `events` it holds, and when they happened. Its `firstRow` is its name. */
export interface StoredPart {
  readonly firstRow: number
  readonly lastRow: number
  /** How often its rows were merged. */
  readonly level: number
  readonly rows: number
  readonly firstMs: number
  readonly lastMs: number
}

/** Parts never change, so their columns may be kept in memory. Bytes. */
const maxCachedBytes = 48 * 1024 * 1024

/** Parts, oldest first; of those with minutes in a range only, where one is given. */
export async function listParts(
  session: SqlSession,
  sinceMs = 0,
  untilMs = Number.MAX_SAFE_INTEGER,
): Promise<StoredPart[]> {
  const rows = await session.all('select * from event_parts where last_ms >= ? and first_ms < ? order by first_row', [
    sinceMs,
    untilMs,
  ])
  return rows.map(readPart)
}

function readPart(row: SqlRow): StoredPart {
  return {
    firstRow: Number(row.first_row),
    lastRow: Number(row.last_row),
    level: Number(row.level),
    rows: Number(row.rows),
    firstMs: Number(row.first_ms),
    lastMs: Number(row.last_ms),
  }
}

export async function insertPart(
  session: SqlSession,
  { firstRow, lastRow, level }: Pick<StoredPart, 'firstRow' | 'lastRow' | 'level'>,
  part: Part,
): Promise<void> {
  await session.run(
    'insert into event_parts (first_row, last_row, level, rows, events, first_ms, last_ms) values (?, ?, ?, ?, ?, ?, ?)',
    [firstRow, lastRow, level, part.rows, part.events, part.firstMs, part.lastMs],
  )
  for (const [name, content] of part.columns) {
    await session.run('insert into event_part_columns (part, name, content) values (?, ?, ?)', [
      firstRow,
      name,
      content,
    ])
  }
}

/** False: somebody else removed it already. */
export async function removePart(session: SqlSession, { firstRow, lastRow }: StoredPart): Promise<boolean> {
  const removed = await session.run('delete from event_parts where first_row = ? and last_row = ?', [firstRow, lastRow])
  if (removed === 0) return false
  await session.run('delete from event_part_columns where part = ?', [firstRow])
  return true
}

/** Reads columns of parts, and keeps those that were read last. */
export class PartColumns {
  readonly #cache = new LRUCache<string, Column>({ maxSize: maxCachedBytes, sizeCalculation: measureColumn })

  async read(session: SqlSession, part: StoredPart, names: readonly string[]): Promise<ReadonlyMap<string, Column>> {
    const keyOf = (name: string) => `${part.firstRow}-${part.lastRow} ${name}`
    const missing = names.filter((name) => !this.#cache.has(keyOf(name)))
    const found = new Map<string, Column>()
    for (const name of names) {
      const column = this.#cache.get(keyOf(name))
      if (column) found.set(name, column)
    }
    if (missing.length === 0) return found
    const places = missing.map(() => '?').join(', ')
    const rows = await session.all(
      `select name, content from event_part_columns where part = ? and name in (${places})`,
      [part.firstRow, ...missing],
    )
    for (const { name, content } of rows) {
      const column = decodeColumn(content as Uint8Array)
      this.#cache.set(keyOf(String(name)), column)
      found.set(String(name), column)
    }
    return found
  }
}

function measureColumn({ arrays, values = [] }: Column): number {
  return 200 + values.length * 40 + arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)
}
