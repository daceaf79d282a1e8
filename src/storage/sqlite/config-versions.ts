import type { SqlDatabase } from '../../contracts/sql-database.ts'
import type { ConfigVersionRecord, ConfigVersions } from '../../contracts/storage.ts'
import { runTransaction } from './run-transaction.ts'

/** Versions of the project's files in the table `config_versions`. */
export function createConfigVersions(database: SqlDatabase): ConfigVersions {
  const select = 'select * from config_versions'
  const newest = database.prepare(`${select} order by id desc limit 1`)
  const byId = database.prepare(`${select} where id = ?`)
  const list = database.prepare(`${select} where id < ? order by id desc limit ?`)
  const page = database.prepare(`${select} where id > ? order by id limit ?`)
  const insert = database.prepare(
    'insert into config_versions (id, at_ms, actor, origin, note, version, changes, sealed) values (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const prune = database.prepare('delete from config_versions where id <= ?')
  const replace = database.prepare('update config_versions set sealed = ? where id = ? and sealed = ?')
  return {
    latest: async () => readRow(newest.get()),
    find: async (id) => readRow(byId.get(id)),
    list: async ({ beforeId = Number.MAX_SAFE_INTEGER, limit }) =>
      list.all(beforeId, limit).flatMap((row) => readRow(row) ?? []),
    async append({ atMs, actor, origin, note, version, changes, sealed }, expected, keep) {
      return runTransaction(database, () => {
        const latest = newest.get()?.['id'] as number | undefined
        if (latest !== expected) return undefined
        const id = (latest ?? 0) + 1
        insert.run(id, atMs, actor ?? null, origin, note ?? null, version, JSON.stringify(changes), sealed)
        prune.run(id - keep)
        return id
      })
    },
    page: async (afterId, limit) => page.all(afterId, limit).flatMap((row) => readRow(row) ?? []),
    replaceSealed: async (id, expected, sealed) => replace.run(sealed, id, expected).changes === 1,
  }
}

function readRow(row: { readonly [column: string]: unknown } | undefined): ConfigVersionRecord | undefined {
  if (row === undefined) return undefined
  return {
    id: row['id'] as number,
    atMs: row['at_ms'] as number,
    actor: (row['actor'] as string | null) ?? undefined,
    origin: row['origin'] as ConfigVersionRecord['origin'],
    note: (row['note'] as string | null) ?? undefined,
    version: row['version'] as string,
    changes: JSON.parse(row['changes'] as string) as ConfigVersionRecord['changes'],
    sealed: row['sealed'] as string,
  }
}
