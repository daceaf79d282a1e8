import type { Clock } from '../../contracts/clock.ts'
import type { SqlDatabase, SqlRow } from '../../contracts/sql-database.ts'
import type { OAuthRecord, OAuthRecords } from '../../contracts/storage.ts'
import { StorageError } from '../storage-error.ts'
import { prepareRevocation } from './revocations.ts'
import { runTransaction } from './run-transaction.ts'

/**
 * Records of the authorization server in the table `oauth_records`. Statements are prepared once: a look-up by id is
 * on the path of every request whose token is not in memory.
 */
export function createOAuthRecords(database: SqlDatabase, clock: Clock): OAuthRecords {
  const statements = prepareStatements(database)
  const addRevocation = prepareRevocation(database, clock)
  return {
    async find(model, idHash) {
      return toRecord(statements.find.get(model, idHash))
    },
    async findByUid(model, uid) {
      return toRecord(statements.findByUid.get(uid, model))
    },
    async upsert(record) {
      const { model, tenant, idHash, grantId, uid, payload, expiresAtMs, consumedAtMs } = record
      const times = [clock(), expiresAtMs ?? null, consumedAtMs ?? null] as const
      const owner = [grantId ?? null, uid ?? null] as const
      const { changes } = statements.upsert.run(model, tenant, idHash, ...owner, payload, ...times)
      if (changes !== 1) throw new StorageError(`This ${model} is of another tenant than ${tenant}.`)
    },
    async consume(model, idHash, nowMs) {
      return statements.consume.run(nowMs, model, idHash).changes === 1
    },
    async destroy(model, idHash) {
      statements.destroy.run(model, idHash)
    },
    async destroyByGrant(grantId, tenant) {
      return runTransaction(database, () => {
        const destroyed = Number(statements.destroyByGrant.run(grantId, tenant ?? null).changes)
        if (destroyed > 0) addRevocation({ kind: 'grant', id: grantId })
        return destroyed
      })
    },
    async list(model, limit, tenant) {
      return statements.list.all(model, clock(), tenant ?? null, limit).map((row) => readRecord(row))
    },
    async count(model, tenant) {
      return Number(statements.count.get(model, clock(), tenant ?? null)?.count ?? 0)
    },
    async page(model, afterIdHash, limit) {
      return statements.page.all(model, afterIdHash, limit).map((row) => readRecord(row))
    },
    async replacePayload(model, idHash, expected, payload) {
      return statements.replacePayload.run(payload, model, idHash, expected).changes === 1
    },
    async destroyExpired(nowMs, limit) {
      return Number(statements.destroyExpired.run(nowMs, limit).changes)
    },
  }
}

const columns = 'model, tenant, id_hash, grant_id, uid, payload, expires_at_ms, consumed_at_ms'
const isOfTenant = 'tenant = coalesce(?, tenant)'
const isLive = '(expires_at_ms is null or expires_at_ms > ?)'

function prepareStatements(database: SqlDatabase) {
  return {
    find: database.prepare(`select ${columns} from oauth_records where model = ? and id_hash = ?`),
    findByUid: database.prepare(
      `select ${columns} from oauth_records where uid = ? and model = ? order by created_at_ms desc, rowid desc limit 1`,
    ),
    // A later write of the whole record must not make a consumed code or refresh token usable again.
    upsert: database.prepare(
      `insert into oauth_records
         (model, tenant, id_hash, grant_id, uid, payload, created_at_ms, expires_at_ms, consumed_at_ms)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (model, id_hash) do update set
         grant_id = excluded.grant_id, uid = excluded.uid, payload = excluded.payload,
         expires_at_ms = excluded.expires_at_ms,
         consumed_at_ms = coalesce(oauth_records.consumed_at_ms, excluded.consumed_at_ms)
       where oauth_records.tenant = excluded.tenant`,
    ),
    consume: database.prepare(
      'update oauth_records set consumed_at_ms = ? where model = ? and id_hash = ? and consumed_at_ms is null',
    ),
    destroy: database.prepare('delete from oauth_records where model = ? and id_hash = ?'),
    destroyByGrant: database.prepare(`delete from oauth_records where grant_id = ? and ${isOfTenant}`),
    list: database.prepare(
      `select ${columns} from oauth_records where model = ? and ${isLive} and ${isOfTenant}
       order by created_at_ms desc, rowid desc limit ?`,
    ),
    count: database.prepare(
      `select count(*) as count from oauth_records where model = ? and ${isLive} and ${isOfTenant}`,
    ),
    page: database.prepare(
      `select ${columns} from oauth_records where model = ? and id_hash > ? order by id_hash limit ?`,
    ),
    replacePayload: database.prepare(
      'update oauth_records set payload = ? where model = ? and id_hash = ? and payload = ?',
    ),
    destroyExpired: database.prepare(
      `delete from oauth_records where rowid in
         (select rowid from oauth_records where expires_at_ms <= ? order by expires_at_ms limit ?)`,
    ),
  }
}

function toRecord(row: SqlRow | undefined): OAuthRecord | undefined {
  return row && readRecord(row)
}

function readRecord(row: SqlRow): OAuthRecord {
  return {
    model: row.model as string,
    tenant: row.tenant as string,
    idHash: row.id_hash as string,
    grantId: (row.grant_id as string | null) ?? undefined,
    uid: (row.uid as string | null) ?? undefined,
    payload: row.payload as string,
    expiresAtMs: (row.expires_at_ms as number | null) ?? undefined,
    consumedAtMs: (row.consumed_at_ms as number | null) ?? undefined,
  }
}
