import type { SqlDatabase } from '../../contracts/sql-database.ts'
import type { KnownCatalogs } from '../../contracts/storage.ts'

/** What upstreams listed last, in the table `known_catalogs`. */
export function createKnownCatalogs(database: SqlDatabase): KnownCatalogs {
  const ofOwner = 'tenant = ? and virtual_server = ? and owner = ?'
  const find = database.prepare(`select result, updated_at_ms from known_catalogs where ${ofOwner} and method = ?`)
  const put = database.prepare(
    `insert into known_catalogs (tenant, virtual_server, owner, method, result, updated_at_ms) values (?, ?, ?, ?, ?, ?)
     on conflict do update set result = excluded.result, updated_at_ms = excluded.updated_at_ms`,
  )
  const remove = database.prepare(`delete from known_catalogs where ${ofOwner}`)
  return {
    async find({ tenant, virtualServer, owner, method }) {
      const row = find.get(tenant, virtualServer, owner, method)
      if (row === undefined) return undefined
      const { result, updated_at_ms: updatedAtMs } = row
      return { tenant, virtualServer, owner, method, result: result as string, updatedAtMs: updatedAtMs as number }
    },
    async put({ tenant, virtualServer, owner, method, result, updatedAtMs }) {
      put.run(tenant, virtualServer, owner, method, result, updatedAtMs)
    },
    async remove(tenant, virtualServer, owner) {
      remove.run(tenant, virtualServer, owner)
    },
  }
}
