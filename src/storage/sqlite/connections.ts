import type { Clock } from '../../contracts/clock.ts'
import type { SqlDatabase, SqlRow, SqlStatement } from '../../contracts/sql-database.ts'
import type { ConnectionKey, ConnectionRecord, Connections } from '../../contracts/storage.ts'
import { prepareRevocation } from './revocations.ts'
import { runTransaction } from './run-transaction.ts'

/** Links to upstreams in the table `connections`. */
export function createConnections(database: SqlDatabase, clock: Clock): Connections {
  const statements = prepareStatements(database)
  const listed = prepareList(database)
  const addRevocation = prepareRevocation(database, clock)
  const read = ({ tenant, upstream, owner }: ConnectionKey) => toRecord(statements.find.get(tenant, upstream, owner))
  return {
    async find(key) {
      return read(key)
    },
    async list({ limit, ...filter }) {
      return listed(filter, limit).map(readRecord)
    },
    async put(record) {
      runTransaction(database, () => {
        const earlier = read(record)
        statements.put.run(...placeOf(record), record.id, record.generation, ...contentOf(record), ...originOf(record))
        if (earlier && earlier.id !== record.id) addRevocation({ kind: 'connection', id: earlier.id })
      })
    },
    async update(key, { id, generation }, change) {
      return runTransaction(database, () => {
        const current = read(key)
        if (current?.id !== id || current.generation !== generation) return false
        const next = { ...current, ...change, updatedAtMs: clock() }
        statements.update.run(generation + 1, ...contentOf(next), id)
        return true
      })
    },
    async remove(key) {
      return runTransaction(database, () => {
        const removed = read(key)
        if (removed === undefined) return false
        statements.remove.run(removed.id)
        addRevocation({ kind: 'connection', id: removed.id })
        return true
      })
    },
    async lease(key, { id, generation }, holder, untilMs) {
      const lease = statements.lease.run(holder, untilMs, ...placeOf(key), id, generation, clock(), holder)
      return lease.changes === 1
    },
    async release(key, holder) {
      statements.release.run(...placeOf(key), holder)
    },
    async markUsed(uses) {
      runTransaction(database, () => {
        for (const { id, atMs } of uses) statements.markUsed.run(atMs, id)
      })
    },
    async page(afterId, limit) {
      return statements.page.all(afterId, limit).map(readRecord)
    },
    async replaceSealed(id, expected, sealed) {
      return statements.replaceSealed.run(sealed, id, expected).changes === 1
    },
  }
}

/** Members that a change may replace, in the order of `contentOf`. */
const content = ['state', 'state_reason', 'scopes', 'sealed', 'expires_at_ms', 'updated_at_ms'] as const
/** Members that stay as long as the connection, in the order of `originOf`. */
const origin = ['kind', 'issuer', 'resource', 'client_id', 'connected_by', 'created_at_ms', 'last_used_at_ms'] as const

const inPlace = 'tenant = ? and upstream = ? and owner = ?'

function prepareStatements(database: SqlDatabase) {
  const replaced = ['id', 'generation', ...content, ...origin]
  const columns = ['tenant', 'upstream', 'owner', ...replaced]
  const noLease = 'lease_holder = null, lease_until_ms = null'
  return {
    find: database.prepare(`select * from connections where ${inPlace}`),
    put: database.prepare(
      `insert into connections (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})
       on conflict (tenant, upstream, owner) do update set
         ${replaced.map((column) => `${column} = excluded.${column}`).join(', ')}, ${noLease}`,
    ),
    update: database.prepare(
      `update connections set generation = ?, ${content.map((column) => `${column} = ?`).join(', ')}, ${noLease}
       where id = ?`,
    ),
    remove: database.prepare('delete from connections where id = ?'),
    lease: database.prepare(
      `update connections set lease_holder = ?, lease_until_ms = ?
       where ${inPlace} and id = ? and generation = ?
         and (lease_until_ms is null or lease_until_ms <= ? or lease_holder = ?)`,
    ),
    release: database.prepare(`update connections set ${noLease} where ${inPlace} and lease_holder = ?`),
    page: database.prepare('select * from connections where id > ? order by id limit ?'),
    replaceSealed: database.prepare('update connections set sealed = ? where id = ? and sealed = ?'),
    markUsed: database.prepare(
      'update connections set last_used_at_ms = max(coalesce(last_used_at_ms, 0), ?) where id = ?',
    ),
  }
}

/** One statement for each combination of filters, prepared when it is first asked for: then the index for it is used. */
function prepareList(database: SqlDatabase) {
  const statements = new Map<string, SqlStatement>()
  const filters = ['tenant', 'upstream', 'owner'] as const
  return (filter: Omit<Parameters<Connections['list']>[0], 'limit'>, limit: number): readonly SqlRow[] => {
    const given = filters.filter((column) => filter[column] !== undefined)
    const where = given.map((column) => `${column} = ?`).join(' and ') || '1'
    const statement =
      statements.get(where) ??
      database.prepare(`select * from connections where ${where} order by created_at_ms desc, rowid desc limit ?`)
    statements.set(where, statement)
    return statement.all(...given.map((column) => filter[column] ?? null), limit)
  }
}

function placeOf({ tenant, upstream, owner }: ConnectionKey) {
  return [tenant, upstream, owner] as const
}

function contentOf({ state, stateReason, scopes, sealed, expiresAtMs, updatedAtMs }: ConnectionRecord) {
  return [state, stateReason ?? null, JSON.stringify(scopes), sealed, expiresAtMs ?? null, updatedAtMs] as const
}

function originOf(record: ConnectionRecord) {
  const { kind, issuer, resource, clientId, connectedBy, createdAtMs, lastUsedAtMs } = record
  const issued = [issuer ?? null, resource ?? null, clientId ?? null] as const
  return [kind, ...issued, connectedBy, createdAtMs, lastUsedAtMs ?? null] as const
}

function toRecord(row: SqlRow | undefined): ConnectionRecord | undefined {
  return row && readRecord(row)
}

function readRecord(row: SqlRow): ConnectionRecord {
  const optional = <T>(column: string) => (row[column] as T | null) ?? undefined
  return {
    tenant: row.tenant as string,
    upstream: row.upstream as string,
    owner: row.owner as string,
    id: row.id as string,
    generation: row.generation as number,
    kind: row.kind as ConnectionRecord['kind'],
    state: row.state as ConnectionRecord['state'],
    stateReason: optional<string>('state_reason'),
    issuer: optional<string>('issuer'),
    resource: optional<string>('resource'),
    clientId: optional<string>('client_id'),
    scopes: JSON.parse(row.scopes as string) as string[],
    connectedBy: row.connected_by as string,
    sealed: row.sealed as string,
    expiresAtMs: optional<number>('expires_at_ms'),
    createdAtMs: row.created_at_ms as number,
    updatedAtMs: row.updated_at_ms as number,
    lastUsedAtMs: optional<number>('last_used_at_ms'),
  }
}
