import type { SqlDatabase, SqlRow } from '../../contracts/sql-database.ts'
import type { UpstreamClientRecord, UpstreamClients } from '../../contracts/storage.ts'

/** The gateway's registrations at authorization servers of upstreams, in the table `upstream_clients`. */
export function createUpstreamClients(database: SqlDatabase): UpstreamClients {
  const statements = prepareStatements(database)
  const read = (tenant: string, issuer: string, redirectUri: string) => {
    const row = statements.find.get(tenant, issuer, redirectUri)
    return row && readRecord(row)
  }
  const stored = (record: UpstreamClientRecord) => read(record.tenant, record.issuer, record.redirectUri) ?? record
  return {
    async find(tenant, issuer, redirectUri) {
      return read(tenant, issuer, redirectUri)
    },
    async list({ tenant, limit }) {
      const rows = tenant === undefined ? statements.listAll.all(limit) : statements.list.all(tenant, limit)
      return rows.map(readRecord)
    },
    async putIfAbsent(record) {
      statements.putIfAbsent.run(...valuesOf(record))
      return stored(record)
    },
    async replaceSealed({ tenant, issuer, redirectUri, sealed: expected }, sealed) {
      return statements.replaceSealed.run(sealed, tenant, issuer, redirectUri, expected).changes === 1
    },
    async replace(expectedClientId, record) {
      statements.replace.run(...valuesOf(record), expectedClientId)
      return stored(record)
    },
  }
}

const newestFirst = 'order by created_at_ms desc, rowid desc limit ?'

function prepareStatements(database: SqlDatabase) {
  const insert = `insert into upstream_clients
    (tenant, issuer, redirect_uri, client_id, sealed, expires_at_ms, created_at_ms) values (?, ?, ?, ?, ?, ?, ?)`
  return {
    find: database.prepare('select * from upstream_clients where tenant = ? and issuer = ? and redirect_uri = ?'),
    list: database.prepare(`select * from upstream_clients where tenant = ? ${newestFirst}`),
    listAll: database.prepare(`select * from upstream_clients ${newestFirst}`),
    replaceSealed: database.prepare(
      'update upstream_clients set sealed = ? where tenant = ? and issuer = ? and redirect_uri = ? and sealed = ?',
    ),
    putIfAbsent: database.prepare(`${insert} on conflict do nothing`),
    replace: database.prepare(
      `${insert} on conflict (tenant, issuer, redirect_uri) do update set
         client_id = excluded.client_id, sealed = excluded.sealed, expires_at_ms = excluded.expires_at_ms,
         created_at_ms = excluded.created_at_ms
       where upstream_clients.client_id = ?`,
    ),
  }
}

function valuesOf(record: UpstreamClientRecord) {
  const { tenant, issuer, redirectUri, clientId, sealed, expiresAtMs, createdAtMs } = record
  return [tenant, issuer, redirectUri, clientId, sealed, expiresAtMs ?? null, createdAtMs] as const
}

function readRecord(row: SqlRow): UpstreamClientRecord {
  return {
    tenant: row.tenant as string,
    issuer: row.issuer as string,
    redirectUri: row.redirect_uri as string,
    clientId: row.client_id as string,
    sealed: row.sealed as string,
    expiresAtMs: (row.expires_at_ms as number | null) ?? undefined,
    createdAtMs: row.created_at_ms as number,
  }
}
