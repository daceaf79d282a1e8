import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runConnectionsSuite } from '../connections-suite.ts'
import { migrations } from '../migrations/index.ts'
import { schemaVersion } from '../migrations/schema-version.ts'
import { StorageError } from '../storage-error.ts'
import type { StorageUnderTest } from '../store-of-suite.ts'
import { runStorageSuite } from '../suite.ts'
import { createCompiler } from './migrate-database.ts'
import { openDatabase } from './open-database.ts'
import { openStorage } from './open-storage.ts'

const openStorageUrl = JSON.stringify(new URL('./open-storage.ts', import.meta.url).href)

function openIn(directory: string): string {
  return `import { openStorage } from ${openStorageUrl}
    const storage = await openStorage(${JSON.stringify(directory)})`
}

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'storage-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

describe('the contract', () => {
  const createStore = async (): Promise<StorageUnderTest> => {
    const directory = mkdtempSync(join(tmpdir(), 'storage-'))
    return {
      open: (clock) => openStorage(directory, clock),
      openInProcess: openIn(directory),
      destroy: async () => rmSync(directory, { recursive: true }),
    }
  }
  runStorageSuite(createStore)
  runConnectionsSuite(createStore)
})

describe('the files', () => {
  test('are private, whatever the umask, also when they were not before', async () => {
    const inside = join(directory, 'deep', 'data')
    const before = process.umask(0)
    try {
      const storage = await openStorage(inside)
      await storage.sealed.putIfAbsent('a', 'b')
      expect(statSync(inside).mode & 0o777).toBe(0o700)
      for (const name of ['sallyport.db', 'sallyport.db-wal', 'sallyport.db-shm']) {
        expect(statSync(join(inside, name)).mode & 0o777).toBe(0o600)
      }
      await storage.close()
      chmodSync(join(inside, 'sallyport.db'), 0o644)
      await (await openStorage(inside)).close()
      expect(statSync(join(inside, 'sallyport.db')).mode & 0o777).toBe(0o600)
    } finally {
      process.umask(before)
    }
  })

  test('every commit waits for the disk, and readers do not wait for writers', async () => {
    const database = openDatabase(join(directory, 'full.db'))
    expect(database.prepare('pragma synchronous').get()).toEqual({ synchronous: 2 })
    expect(database.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' })
    database.close()
    const normal = openDatabase(join(directory, 'normal.db'), { durability: 'normal', busyTimeoutMs: 7 })
    expect(normal.prepare('pragma synchronous').get()).toEqual({ synchronous: 1 })
    expect(normal.prepare('pragma busy_timeout').get()).toEqual({ timeout: 7 })
    normal.close()
  })
})

describe('a store that cannot be opened says what to do', () => {
  const path = () => join(directory, 'sallyport.db')

  test('a damaged file', async () => {
    for (const content of ['this is not a database, although it is long enough to be one'.repeat(100), 'short']) {
      writeFileSync(path(), content)
      await expect(openStorage(directory)).rejects.toThrow(StorageError)
      await expect(openStorage(directory)).rejects.toThrow(/sallyport\.db is damaged .* restore a backup/)
      expect(readFileSync(path(), 'utf8')).toBe(content)
    }
  })

  test('a file whose schema was overwritten', async () => {
    await (await openStorage(directory)).close()
    const bytes = readFileSync(path())
    bytes.fill(0xff, 100, 4096)
    writeFileSync(path(), bytes)
    await expect(openStorage(directory)).rejects.toThrow(/is damaged/)
  })

  test('a file of a newer version is left alone', async () => {
    await (await openStorage(directory)).close()
    const database = openDatabase(path())
    database.exec(`pragma user_version=${schemaVersion + 1}`)
    database.close()
    await expect(openStorage(directory)).rejects.toThrow(
      new RegExp(`newer Sallyport \\(schema ${schemaVersion + 1}; this version knows ${schemaVersion}\\)`),
    )
  })

  test('a directory where the file should be, a missing file when only reading', async () => {
    expect(() => openDatabase(directory)).toThrow(/cannot be opened \(EISDIR/)
    expect(() => openDatabase(join(directory, 'none.db'), { readOnly: true })).toThrow(/There is no database at/)
    expect(existsSync(join(directory, 'none.db'))).toBe(false)
  })
})

describe('the schema', () => {
  test('its version is the number of migrations', () => {
    expect(schemaVersion).toBe(migrations.length)
  })

  test('a migration that was cut off leaves the old schema, and the next start completes it', async () => {
    const database = openDatabase(join(directory, 'sallyport.db'))
    database.exec('create table sealed_values (name text)')
    await expect(openStorage(directory)).rejects.toThrow(/already exists/)
    expect(database.prepare('select name from sqlite_schema').all()).toEqual([{ name: 'sealed_values' }])
    database.exec('drop table sealed_values')
    database.close()
    await (await openStorage(directory)).close()
  })

  test('what was stored before there were tenants belongs to the default one', async () => {
    const database = openDatabase(join(directory, 'sallyport.db'))
    const oldest = migrations.slice(0, 3)
    for (const migration of oldest) {
      for (const statement of migration.statements(createCompiler())) database.exec(statement.compile().sql)
    }
    database.exec(`insert into oauth_records (model, id_hash, grant_id, payload, created_at_ms)
      values ('Grant', 'hash', 'grant', '{}', 1); pragma user_version=${oldest.length}`)
    database.close()
    const storage = await openStorage(directory)
    expect(await storage.oauth.find('Grant', 'hash')).toMatchObject({ tenant: 'default', grantId: 'grant' })
    expect(await storage.oauth.destroyByGrant('grant', 'default')).toBe(1)
    await storage.close()
  })

  test('every look-up uses an index', async () => {
    await (await openStorage(directory)).close()
    const database = openDatabase(join(directory, 'sallyport.db'), { readOnly: true })
    for (const where of ['model = ? and id_hash = ?', 'uid = ? and model = ?', 'grant_id = ?', 'expires_at_ms <= ?']) {
      const plan = database.prepare(`explain query plan select * from oauth_records where ${where}`).all()
      expect(JSON.stringify(plan)).toMatch(/SEARCH oauth_records USING INDEX/)
    }
    for (const where of [
      'tenant = ? and upstream = ? and owner = ?',
      'owner = ? and tenant = ?',
      'id = ?',
      'tenant = ?',
    ]) {
      const plan = database.prepare(`explain query plan select * from connections where ${where}`).all()
      expect(JSON.stringify(plan)).toMatch(/SEARCH connections USING INDEX/)
    }
    database.close()
  })
})

describe('kill -9', () => {
  const writers: ChildProcess[] = []
  afterEach(() => {
    for (const writer of writers.splice(0)) writer.kill('SIGKILL')
  })

  test('no acknowledged record is lost, and the store opens', async () => {
    const acknowledged = new Map<string, boolean>()
    for (const round of [1, 2, 3]) {
      const lines = await killWhileWriting(round, 150)
      for (const line of lines) acknowledged.set(line.slice(2), line.startsWith('c'))
    }
    const storage = await openStorage(directory)
    for (const [idHash, isConsumed] of acknowledged) {
      const record = await storage.oauth.find('AccessToken', idHash)
      expect(record?.payload).toBe(JSON.stringify({ idHash, padding: 'x'.repeat(1500) }))
      if (isConsumed) expect(record?.consumedAtMs).toBe(1)
    }
    await storage.close()
    const database = openDatabase(join(directory, 'sallyport.db'))
    expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    database.close()
    expect(acknowledged.size).toBeGreaterThanOrEqual(225)
  })

  /** Lines `w <id>` and `c <id>` that a writer printed after the promise of the write or consumption resolved. */
  async function killWhileWriting(round: number, lineCount: number): Promise<readonly string[]> {
    const script = `
      import { writeSync } from 'node:fs'
      ${openIn(directory)}
      for (let n = 0; ; n++) {
        const idHash = '${round}-' + n
        const payload = JSON.stringify({ idHash, padding: 'x'.repeat(1500) })
        await storage.oauth.upsert({ model: 'AccessToken', tenant: 'default', idHash, grantId: 'g' + n, payload, expiresAtMs: 1e15 })
        writeSync(1, 'w ' + idHash + '\\n')
        await storage.oauth.consume('AccessToken', idHash, 1)
        writeSync(1, 'c ' + idHash + '\\n')
      }`
    const writer = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    writers.push(writer)
    const lines: string[] = []
    for await (const line of createInterface({ input: writer.stdout })) {
      lines.push(line)
      if (lines.length === lineCount) writer.kill('SIGKILL')
    }
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit')
    expect(writer.signalCode).toBe('SIGKILL')
    return lines
  }
})
