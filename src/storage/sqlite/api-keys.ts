import type { Clock } from '../../contracts/clock.ts'
import type { SqlDatabase, SqlRow } from '../../contracts/sql-database.ts'
import type { ApiKeyRecord, ApiKeys, Consumer, NewApiKey } from '../../contracts/storage.ts'
import { prepareRevocation } from './revocations.ts'
import { runTransaction } from './run-transaction.ts'

/** API keys in the tables `api_keys` and `consumers`. */
export function createApiKeys(database: SqlDatabase, clock: Clock): ApiKeys {
  const statements = prepareStatements(database)
  const addRevocation = prepareRevocation(database, clock)
  return {
    async create(key) {
      runTransaction(database, () => insertKey(key))
    },
    async findByHash(keyHash) {
      return toRecord(statements.findByHash.get(keyHash))
    },
    async find(tenant, id) {
      return toRecord(statements.find.get(tenant, id))
    },
    async list({ tenant, limit }) {
      const rows = tenant === undefined ? statements.listAll.all(limit) : statements.list.all(tenant, limit)
      return rows.map(readRecord)
    },
    async revoke(tenant, id) {
      return runTransaction(database, () => {
        if (statements.revoke.run(clock(), tenant, id).changes !== 1) return false
        addRevocation({ kind: 'api-key', id })
        return true
      })
    },
    async markUsed(uses) {
      runTransaction(database, () => {
        for (const { id, atMs } of uses) statements.markUsed.run(atMs, id)
      })
    },
  }

  function insertKey({ id, keyHash, tenant, consumer, metadata, expiresAtMs }: NewApiKey): void {
    const now = clock()
    statements.addConsumer.run(tenant, consumer, JSON.stringify(metadata ?? {}), now)
    if (metadata !== undefined) statements.describeConsumer.run(JSON.stringify(metadata), tenant, consumer)
    statements.create.run(id, keyHash, tenant, consumer, now, expiresAtMs ?? null)
  }
}

const selectKeys = `select k.*, c.metadata from api_keys k
  join consumers c on c.tenant = k.tenant and c.name = k.consumer`
const newestFirst = 'order by k.created_at_ms desc, k.rowid desc limit ?'

function prepareStatements(database: SqlDatabase) {
  return {
    findByHash: database.prepare(`${selectKeys} where k.key_hash = ?`),
    find: database.prepare(`${selectKeys} where k.tenant = ? and k.id = ?`),
    list: database.prepare(`${selectKeys} where k.tenant = ? ${newestFirst}`),
    listAll: database.prepare(`${selectKeys} ${newestFirst}`),
    addConsumer: database.prepare(
      'insert into consumers (tenant, name, metadata, created_at_ms) values (?, ?, ?, ?) on conflict do nothing',
    ),
    describeConsumer: database.prepare('update consumers set metadata = ? where tenant = ? and name = ?'),
    create: database.prepare(
      'insert into api_keys (id, key_hash, tenant, consumer, created_at_ms, expires_at_ms) values (?, ?, ?, ?, ?, ?)',
    ),
    revoke: database.prepare(
      'update api_keys set revoked_at_ms = ? where tenant = ? and id = ? and revoked_at_ms is null',
    ),
    markUsed: database.prepare(
      'update api_keys set last_used_at_ms = max(coalesce(last_used_at_ms, 0), ?) where id = ?',
    ),
  }
}

function toRecord(row: SqlRow | undefined): ApiKeyRecord | undefined {
  return row && readRecord(row)
}

function readRecord(row: SqlRow): ApiKeyRecord {
  const time = (value: SqlRow[string] | undefined) =>
    value === null || value === undefined ? undefined : Number(value)
  return {
    id: row.id as string,
    keyHash: row.key_hash as string,
    consumer: {
      tenant: row.tenant as string,
      name: row.consumer as string,
      metadata: JSON.parse(row.metadata as string) as Consumer['metadata'],
    },
    createdAtMs: Number(row.created_at_ms),
    expiresAtMs: time(row.expires_at_ms),
    revokedAtMs: time(row.revoked_at_ms),
    lastUsedAtMs: time(row.last_used_at_ms),
  }
}
