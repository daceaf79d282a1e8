import { globSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SqlDatabase, SqlRow } from '../../src/contracts/sql-database.ts'
import type {
  ConnectionRecord,
  KnownCatalogRecord,
  NewApiKey,
  OAuthRecord,
  Storage,
  UpstreamClientRecord,
} from '../../src/contracts/storage.ts'
import { openDatabase } from '../../src/storage/sqlite/open-database.ts'
import { openStorage } from '../../src/storage/sqlite/open-storage.ts'

/**
 * One case for every method of every store. On behalf of the tenant acme each is called with all that acme may name, and with what
 * identifies rows of globex: nothing of globex may come back or change.
 */
interface Case {
  /**
   * `tenant`: takes the tenant. `holder`: takes nothing but the hash of a secret or an id that cannot be guessed, and what it finds says
   * whose it is. `gateway`: serves the gateway as a whole, and only `duties` call it.
   */
  readonly scope: 'tenant' | 'holder' | 'gateway'
  readonly act: (storage: Storage, mine: Rows, theirs: Rows) => Promise<unknown>
  /** What `act` yields, where a plain look at the rows would not tell enough. */
  readonly yields?: unknown
}

/** Rows of one tenant; whatever can be is called the same in every tenant. */
function rowsOf(tenant: string) {
  const canary = `"${tenant} canary"`
  const times = { createdAtMs: 1, updatedAtMs: 1, expiresAtMs: undefined, lastUsedAtMs: undefined }
  const record: OAuthRecord = {
    model: 'Grant',
    tenant,
    idHash: `${tenant} hash`,
    grantId: `${tenant} grant`,
    uid: `${tenant} uid`,
    payload: canary,
    expiresAtMs: undefined,
    consumedAtMs: undefined,
  }
  const key: NewApiKey = {
    id: `${tenant} key`,
    keyHash: `${tenant} key hash`,
    tenant,
    consumer: 'billing',
    metadata: { plan: canary },
    expiresAtMs: undefined,
  }
  const place = { tenant, upstream: 'tracker', owner: 'subject:ada' }
  const connection: ConnectionRecord = {
    ...place,
    ...times,
    id: `${tenant} connection`,
    generation: 1,
    kind: 'oauth',
    state: 'connected',
    stateReason: undefined,
    issuer: canary,
    resource: undefined,
    clientId: undefined,
    scopes: [canary],
    connectedBy: canary,
    sealed: canary,
  }
  const client: UpstreamClientRecord = {
    tenant,
    issuer: 'https://as.example',
    redirectUri: 'https://gateway.example/callback',
    clientId: `${tenant} client`,
    sealed: canary,
    expiresAtMs: undefined,
    createdAtMs: 1,
  }
  const seen = { tenant, virtualServer: 'tracker', owner: 'subject:ada', method: 'tools/list' }
  const catalog: KnownCatalogRecord = { ...seen, result: canary, updatedAtMs: 1 }
  return { record, key, place, connection, client, catalog }
}
type Rows = ReturnType<typeof rowsOf>

/** A write that the store must not accept; that it says so is not enough, so the rows are looked at as well. */
const refused = async (write: Promise<unknown>): Promise<void> => {
  await expect(write).rejects.toThrow()
}
const own: unknown = expect.objectContaining({ tenant: 'acme' })
const heldBy = ({ connection: { id, generation } }: Rows) => ({ id, generation })

const cases: { readonly [method: string]: Case } = {
  'oauth.find': { scope: 'holder', act: ({ oauth }, { record }) => oauth.find('Grant', record.idHash), yields: own },
  'oauth.findByUid': {
    scope: 'holder',
    act: ({ oauth }, { record }) => oauth.findByUid('Grant', record.uid ?? ''),
    yields: own,
  },
  'oauth.consume': {
    scope: 'holder',
    act: ({ oauth }, { record }) => oauth.consume('Grant', record.idHash, 5),
    yields: true,
  },
  'oauth.destroy': { scope: 'holder', act: ({ oauth }, { record }) => oauth.destroy('Grant', record.idHash) },
  'oauth.upsert': {
    scope: 'tenant',
    act: ({ oauth }, { record }, theirs) => refused(oauth.upsert({ ...record, idHash: theirs.record.idHash })),
  },
  'oauth.destroyByGrant': {
    scope: 'tenant',
    act: ({ oauth }, _mine, { record }) => oauth.destroyByGrant(record.grantId ?? '', 'acme'),
    yields: 0,
  },
  'oauth.list': { scope: 'tenant', act: ({ oauth }) => oauth.list('Grant', 10, 'acme'), yields: [own] },
  'oauth.count': { scope: 'tenant', act: ({ oauth }) => oauth.count('Grant', 'acme'), yields: 1 },
  'oauth.page': { scope: 'gateway', act: ({ oauth }) => oauth.page('Grant', '', 10) },
  'oauth.replacePayload': {
    scope: 'gateway',
    act: ({ oauth }, { record }) => oauth.replacePayload('Grant', record.idHash, record.payload, '2'),
  },
  'oauth.destroyExpired': { scope: 'gateway', act: ({ oauth }) => oauth.destroyExpired(5, 10) },

  'sealed.get': { scope: 'gateway', act: ({ sealed }) => sealed.get('keys') },
  'sealed.putIfAbsent': { scope: 'gateway', act: ({ sealed }) => sealed.putIfAbsent('keys', '1') },
  'sealed.replace': { scope: 'gateway', act: ({ sealed }) => sealed.replace('keys', '1', '2') },
  'sealed.list': { scope: 'gateway', act: ({ sealed }) => sealed.list() },
  'sealed.remove': { scope: 'gateway', act: ({ sealed }) => sealed.remove('keys', '1') },

  'apiKeys.create': {
    scope: 'tenant',
    act: async ({ apiKeys }, { key }, theirs) => {
      await apiKeys.create({ ...key, id: 'new', keyHash: 'new', metadata: { plan: 'of acme' } })
      await refused(apiKeys.create({ ...key, id: theirs.key.id, keyHash: 'other' }))
      await refused(apiKeys.create({ ...key, id: 'other', keyHash: theirs.key.keyHash }))
    },
  },
  'apiKeys.findByHash': {
    scope: 'holder',
    act: ({ apiKeys }, { key }) => apiKeys.findByHash(key.keyHash),
    yields: expect.objectContaining({ consumer: own }),
  },
  'apiKeys.find': {
    scope: 'tenant',
    act: ({ apiKeys }, _mine, { key }) => apiKeys.find('acme', key.id),
    yields: undefined,
  },
  'apiKeys.list': {
    scope: 'tenant',
    act: ({ apiKeys }) => apiKeys.list({ tenant: 'acme', limit: 10 }),
    yields: [expect.objectContaining({ consumer: own })],
  },
  'apiKeys.revoke': {
    scope: 'tenant',
    act: ({ apiKeys }, _mine, { key }) => apiKeys.revoke('acme', key.id),
    yields: false,
  },
  'apiKeys.markUsed': { scope: 'gateway', act: ({ apiKeys }, { key }) => apiKeys.markUsed([{ id: key.id, atMs: 5 }]) },

  'configVersions.latest': { scope: 'gateway', act: ({ configVersions }) => configVersions.latest() },
  'configVersions.find': { scope: 'gateway', act: ({ configVersions }) => configVersions.find(1) },
  'configVersions.list': { scope: 'gateway', act: ({ configVersions }) => configVersions.list({ limit: 10 }) },
  'configVersions.append': {
    scope: 'gateway',
    act: ({ configVersions }) => configVersions.append(configVersion, undefined, 10),
  },
  'configVersions.page': { scope: 'gateway', act: ({ configVersions }) => configVersions.page(0, 10) },
  'configVersions.replaceSealed': {
    scope: 'gateway',
    act: ({ configVersions }) => configVersions.replaceSealed(1, '1', '2'),
  },

  'revocations.add': {
    scope: 'gateway',
    act: ({ revocations }) => revocations.add([{ kind: 'grant', id: 'acme grant' }]),
  },
  'revocations.version': { scope: 'gateway', act: async ({ revocations }) => revocations.version() },
  'revocations.latest': { scope: 'gateway', act: ({ revocations }) => revocations.latest() },
  'revocations.readAfter': { scope: 'gateway', act: ({ revocations }) => revocations.readAfter(0) },

  'connections.find': { scope: 'tenant', act: ({ connections }, { place }) => connections.find(place), yields: own },
  'connections.list': {
    scope: 'tenant',
    act: ({ connections }, { place }) => connections.list({ ...place, limit: 10 }),
    yields: [own],
  },
  'connections.put': {
    scope: 'tenant',
    act: async ({ connections }, { connection }, theirs) => {
      await refused(connections.put({ ...connection, id: theirs.connection.id }))
      await connections.put({ ...connection, id: 'new' })
    },
  },
  'connections.update': {
    scope: 'tenant',
    act: ({ connections }, { place }, theirs) => connections.update(place, heldBy(theirs), { sealed: 'of acme' }),
    yields: false,
  },
  'connections.remove': {
    scope: 'tenant',
    act: ({ connections }, { place }) => connections.remove(place),
    yields: true,
  },
  'connections.lease': {
    scope: 'tenant',
    act: ({ connections }, { place }, theirs) => connections.lease(place, heldBy(theirs), 'acme', 1e15),
    yields: false,
  },
  'connections.release': { scope: 'tenant', act: ({ connections }, { place }) => connections.release(place, 'globex') },
  'connections.markUsed': {
    scope: 'gateway',
    act: ({ connections }, { connection }) => connections.markUsed([{ id: connection.id, atMs: 5 }]),
  },
  'connections.page': { scope: 'gateway', act: ({ connections }) => connections.page('', 10) },
  'connections.replaceSealed': {
    scope: 'gateway',
    act: ({ connections }, { connection }) => connections.replaceSealed(connection.id, connection.sealed, '2'),
  },

  'upstreamClients.find': {
    scope: 'tenant',
    act: ({ upstreamClients }, { client }) => upstreamClients.find('acme', client.issuer, client.redirectUri),
    yields: own,
  },
  'upstreamClients.list': {
    scope: 'tenant',
    act: ({ upstreamClients }) => upstreamClients.list({ tenant: 'acme', limit: 10 }),
    yields: [own],
  },
  'upstreamClients.putIfAbsent': {
    scope: 'tenant',
    act: ({ upstreamClients }, { client }) => upstreamClients.putIfAbsent({ ...client, clientId: 'other' }),
    yields: own,
  },
  'upstreamClients.replace': {
    scope: 'tenant',
    act: ({ upstreamClients }, { client }, theirs) =>
      upstreamClients.replace(theirs.client.clientId, { ...client, clientId: 'other' }),
    yields: own,
  },
  'upstreamClients.replaceSealed': {
    scope: 'tenant',
    act: ({ upstreamClients }, { client }, theirs) =>
      upstreamClients.replaceSealed({ ...client, sealed: theirs.client.sealed }, 'of acme'),
    yields: false,
  },

  'knownCatalogs.find': {
    scope: 'tenant',
    act: ({ knownCatalogs }, { catalog }) => knownCatalogs.find(catalog),
    yields: own,
  },
  'knownCatalogs.put': {
    scope: 'tenant',
    act: ({ knownCatalogs }, { catalog }) => knownCatalogs.put({ ...catalog, result: 'of acme' }),
  },
  'knownCatalogs.remove': {
    scope: 'tenant',
    act: ({ knownCatalogs }, { catalog }) => knownCatalogs.remove('acme', catalog.virtualServer, catalog.owner),
  },
}

let directory: string
let storage: Storage
let database: SqlDatabase
const [mine, theirs] = [rowsOf('acme'), rowsOf('globex')]

const configVersion = {
  atMs: 1,
  actor: undefined,
  origin: 'first',
  note: undefined,
  version: 'v1',
  changes: [],
  sealed: '1',
} as const

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tenants-'))
  storage = await openStorage(directory)
  for (const { record, key, connection, client, catalog } of [mine, theirs]) {
    await storage.oauth.upsert(record)
    await storage.apiKeys.create(key)
    await storage.connections.put(connection)
    await storage.upstreamClients.putIfAbsent(client)
    await storage.knownCatalogs.put(catalog)
  }
  await storage.connections.lease(theirs.place, heldBy(theirs), 'globex', 1e15)
  await storage.sealed.putIfAbsent('keys', '1')
  database = openDatabase(join(directory, 'sallyport.db'), { readOnly: true })
})
afterEach(async () => {
  database.close()
  await storage.close()
  await rm(directory, { recursive: true })
})

/** Tables that belong to the gateway as a whole: its configuration and its own keys, and ids of what was revoked. */
const ownTables = ['config_versions', 'revocations', 'sealed_values']

function tables(): readonly string[] {
  const rows = database.prepare("select name from sqlite_schema where type = 'table' order by name").all()
  return rows.map(({ name }) => String(name))
}

/** Every row of a tenant, in every table that has tenants. */
function dump(tenant: string): { readonly [table: string]: readonly SqlRow[] } {
  const owned = tables().filter((table) => !ownTables.includes(table))
  return Object.fromEntries(
    owned.map((table) => [table, database.prepare(`select * from ${table} where tenant = ?`).all(tenant)]),
  )
}

test('every table has a tenant in every row, but those of the gateway itself', () => {
  const untenanted = tables().filter((table) => {
    const columns = database.prepare(`pragma table_info(${table})`).all()
    return !columns.some(({ name, notnull }) => name === 'tenant' && notnull === 1)
  })
  expect(untenanted).toEqual(ownTables)
  for (const [table, rows] of Object.entries(dump('globex'))) expect([table, rows.length]).toEqual([table, 1])
})

test('every method of every store is in the table of this test, and none that does not exist', () => {
  const stores = Object.entries(storage).filter(([name]) => name !== 'close')
  const methods = stores.flatMap(([name, store]) => Object.keys(store as object).map((method) => `${name}.${method}`))
  expect(methods.toSorted()).toEqual(Object.keys(cases).toSorted())
})

const scoped = (scope: Case['scope']) => Object.entries(cases).filter(([, each]) => each.scope === scope)

describe('on behalf of a tenant', () => {
  test.each([...scoped('tenant'), ...scoped('holder')])(
    '%s neither shows nor changes anything of another',
    async (_method, tested) => {
      const before = dump('globex')
      const outcome = await tested.act(storage, mine, theirs)
      expect(JSON.stringify(outcome) ?? '').not.toContain('globex')
      if ('yields' in tested) expect(outcome).toEqual(tested.yields)
      expect(dump('globex')).toEqual(before)
    },
  )
})

describe('what is found by a secret says whose it is', () => {
  test.each([
    ['oauth.find', async () => (await storage.oauth.find('Grant', theirs.record.idHash))?.tenant],
    ['oauth.findByUid', async () => (await storage.oauth.findByUid('Grant', theirs.record.uid ?? ''))?.tenant],
    ['apiKeys.findByHash', async () => (await storage.apiKeys.findByHash(theirs.key.keyHash))?.consumer.tenant],
  ])('%s', async (_method, find) => {
    expect(await find()).toBe('globex')
  })
})

/**
 * Duties of the gateway itself: wrapping secrets under another vault key, sweeping, times of use, the sessions of its administrators. None acts
 * for a person or a client.
 */
const duties = [
  'admin/sessions.ts',
  'config/edit/config-history.ts',
  'credentials/connections.ts',
  'credentials/rewrap.ts',
  'credentials/sealed-connections.ts',
  'identity/verify-api-key.ts',
  'oauth/authorization-server/sweep-expired-records.ts',
  'storage/collect-sealed.ts',
]
const callOfDuty = /\.(?:page\(after|replacePayload\(|replaceSealed\(|destroyExpired\(|markUsed\()/

describe('what serves the gateway as a whole', () => {
  test.each(scoped('gateway'))('%s changes no other row than it is told to', async (_method, { act }) => {
    const before = dump('globex')
    await act(storage, mine, theirs)
    expect(dump('globex')).toEqual(before)
  })

  test('is called by nobody else', async () => {
    const root = join(import.meta.dirname, '../../src')
    const files = globSync('**/*.ts', { cwd: root, exclude: ['storage/sqlite/**', '**/*suite.ts', '**/*.test.ts'] })
    const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')))
    const calling = files.filter((_file, index) => callOfDuty.test(texts[index] ?? ''))
    expect(calling.toSorted()).toEqual(duties)
  })
})
