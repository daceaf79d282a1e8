import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { NewApiKey, OAuthRecord } from '../contracts/storage.ts'
import { type StorageUnderTest, useStore } from './store-of-suite.ts'

/** What every storage adapter promises. Call it from the test file of the adapter. */
export function runStorageSuite(createStore: () => Promise<StorageUnderTest>): void {
  const store = useStore(createStore)
  const open = () => store.open()

  /** Runs the same statements in several processes at once; each returns what `result` holds in the end. */
  async function runInProcesses(count: number, statements: string): Promise<unknown[]> {
    const script = `let result
      ${statements}
      console.log(JSON.stringify(result ?? null))
      await storage.close()`
    const runs = Array.from({ length: count }, () => store.startProcess(script))
    return (await Promise.all(runs)).map(({ stdout }) => JSON.parse(stdout) as unknown)
  }

  function recordOf(changes: Partial<OAuthRecord> = {}): OAuthRecord {
    return {
      model: 'AccessToken',
      tenant: 'default',
      idHash: 'hash',
      grantId: undefined,
      uid: undefined,
      payload: '{}',
      expiresAtMs: undefined,
      consumedAtMs: undefined,
      ...changes,
    }
  }

  describe('records of the authorization server', () => {
    test('any record comes back as it was written, from this handle and after a restart', async () => {
      const { oauth } = await open()
      const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined })
      const times = optional(fc.integer({ min: 0, max: 8_640_000_000_000_000 }))
      const texts = fc.string({ unit: 'binary-ascii' }).map((text) => text.replaceAll('\0', ''))
      const records = fc.record({
        model: fc.constantFrom('AccessToken', 'Client', 'Session'),
        tenant: fc.constantFrom('default', 'acme'),
        idHash: texts,
        grantId: optional(texts),
        uid: optional(texts),
        payload: fc.json(),
        expiresAtMs: times,
        consumedAtMs: times,
      })
      const sample = fc.sample(records, 40)
      const expected = new Map<string, OAuthRecord>()
      for (const record of sample) {
        await oauth.destroy(record.model, record.idHash)
        await oauth.upsert(record)
        expected.set(JSON.stringify([record.model, record.idHash]), record)
      }
      const restarted = await open()
      for (const record of expected.values()) {
        expect(await oauth.find(record.model, record.idHash)).toEqual(record)
        expect(await restarted.oauth.find(record.model, record.idHash)).toEqual(record)
      }
    })

    test('what does not exist is undefined; the same id under another model is another record', async () => {
      const { oauth } = await open()
      await oauth.upsert(recordOf({ model: 'Client', uid: 'u' }))
      expect(await oauth.find('AccessToken', 'hash')).toBeUndefined()
      expect(await oauth.find('Client', 'other')).toBeUndefined()
      expect(await oauth.findByUid('Session', 'u')).toBeUndefined()
      await oauth.destroy('AccessToken', 'hash')
      expect(await oauth.find('Client', 'hash')).toBeDefined()
    })

    test('a second write replaces the first', async () => {
      const { oauth } = await open()
      await oauth.upsert(recordOf({ payload: '1', uid: 'a', expiresAtMs: 5, grantId: 'g' }))
      const replaced = recordOf({ payload: '2', uid: 'b', expiresAtMs: undefined })
      await oauth.upsert(replaced)
      expect(await oauth.find('AccessToken', 'hash')).toEqual(replaced)
      expect(await oauth.findByUid('AccessToken', 'a')).toBeUndefined()
      expect(await oauth.findByUid('AccessToken', 'b')).toEqual(replaced)
      expect(await oauth.destroyByGrant('g')).toBe(0)
    })

    test('destroying one record, and all of a grant, which is announced', async () => {
      const { oauth, revocations } = await open()
      for (const idHash of ['a', 'b', 'c']) {
        await oauth.upsert(recordOf({ idHash, grantId: idHash === 'c' ? 'other' : 'grant' }))
      }
      await oauth.upsert(recordOf({ model: 'RefreshToken', idHash: 'a', grantId: 'grant' }))
      expect(await oauth.destroyByGrant('grant')).toBe(3)
      expect(await oauth.destroyByGrant('grant')).toBe(0)
      expect(await oauth.find('RefreshToken', 'a')).toBeUndefined()
      expect((await revocations.readAfter(0)).revocations).toEqual([{ kind: 'grant', id: 'grant' }])
      await oauth.destroy('AccessToken', 'c')
      expect(await oauth.find('AccessToken', 'c')).toBeUndefined()
      await oauth.destroy('AccessToken', 'c')
    })

    test('lists and counts live records, newest first', async () => {
      const { oauth } = await open()
      for (const idHash of ['a', 'b', 'c', 'd']) {
        await oauth.upsert(
          recordOf({ model: 'Client', idHash, expiresAtMs: idHash === 'b' ? store.now + 10 : undefined }),
        )
        if (idHash !== 'c') store.now += 1
      }
      await oauth.upsert(recordOf({ model: 'Client', idHash: 'a', payload: '"again"' }))
      const ids = async (limit: number) => (await oauth.list('Client', limit)).map((record) => record.idHash)
      expect(await ids(10)).toEqual(['d', 'c', 'b', 'a'])
      expect(await ids(2)).toEqual(['d', 'c'])
      expect(await oauth.count('Client')).toBe(4)
      store.now += 10
      expect(await ids(10)).toEqual(['d', 'c', 'a'])
      expect(await oauth.count('Client')).toBe(3)
      expect(await oauth.count('Session')).toBe(0)
    })

    test('nothing of one tenant is listed, counted, destroyed or written over from another', async () => {
      const { oauth, revocations } = await open()
      await oauth.upsert(recordOf({ model: 'Grant', idHash: 'a', grantId: 'a', tenant: 'acme' }))
      const other = recordOf({ model: 'Grant', idHash: 'b', grantId: 'b', tenant: 'globex' })
      await oauth.upsert(other)
      expect((await oauth.list('Grant', 10, 'acme')).map(({ idHash }) => idHash)).toEqual(['a'])
      expect([await oauth.count('Grant', 'acme'), await oauth.count('Grant')]).toEqual([1, 2])
      expect(await oauth.destroyByGrant('b', 'acme')).toBe(0)
      expect((await revocations.readAfter(0)).revocations).toEqual([])
      await expect(oauth.upsert({ ...other, tenant: 'acme', payload: '"mine"' })).rejects.toThrow(/of another tenant/)
      expect(await oauth.find('Grant', 'b')).toEqual(other)
      expect(await oauth.destroyByGrant('b', 'globex')).toBe(1)
    })

    test('a walk by pages sees every record of the model once, expired ones too', async () => {
      const { oauth } = await open()
      for (const idHash of ['d', 'a', 'c', 'b']) await oauth.upsert(recordOf({ idHash, expiresAtMs: 1 }))
      await oauth.upsert(recordOf({ model: 'Client', idHash: 'bb' }))
      const seen: string[] = []
      for (let after = '', page; (page = await oauth.page('AccessToken', after, 3)).length > 0; ) {
        seen.push(...page.map(({ idHash }) => idHash))
        after = page.at(-1)?.idHash ?? ''
      }
      expect(seen).toEqual(['a', 'b', 'c', 'd'])
    })

    test('a payload is replaced only by whoever saw the last one, and nothing else changes', async () => {
      const { oauth } = await open()
      const record = recordOf({ payload: '1', uid: 'u', grantId: 'g', expiresAtMs: 5 })
      await oauth.upsert(record)
      await oauth.consume('AccessToken', 'hash', 3)
      expect(await oauth.replacePayload('AccessToken', 'hash', '0', '2')).toBe(false)
      expect(await oauth.replacePayload('Client', 'hash', '1', '2')).toBe(false)
      expect(await oauth.replacePayload('AccessToken', 'hash', '1', '2')).toBe(true)
      expect(await oauth.find('AccessToken', 'hash')).toEqual({ ...record, payload: '2', consumedAtMs: 3 })
    })

    test('an expired record is found until it is destroyed, oldest first and at most as many as asked', async () => {
      const { oauth } = await open()
      for (const [idHash, expiresAtMs] of [
        ['a', 30],
        ['b', 10],
        ['c', 20],
        ['d', 40],
        ['e', undefined],
      ] as const) {
        await oauth.upsert(recordOf({ idHash, expiresAtMs }))
      }
      const left = async () => {
        const found = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((idHash) => oauth.find('AccessToken', idHash)))
        return found.flatMap((record) => record?.idHash ?? []).join('')
      }
      expect(await oauth.destroyExpired(9, 10)).toBe(0)
      expect(await left()).toBe('abcde')
      expect(await oauth.destroyExpired(30, 2)).toBe(2)
      expect(await left()).toBe('ade')
      expect(await oauth.destroyExpired(30, 2)).toBe(1)
      expect(await oauth.destroyExpired(Number.MAX_SAFE_INTEGER, 10)).toBe(1)
      expect(await left()).toBe('e')
    })
  })

  describe('consumption', () => {
    test('once; a later write does not undo it', async () => {
      const { oauth } = await open()
      expect(await oauth.consume('AuthorizationCode', 'hash', 5)).toBe(false)
      const record = recordOf({ model: 'AuthorizationCode' })
      await oauth.upsert(record)
      expect(await oauth.consume('AuthorizationCode', 'hash', 7)).toBe(true)
      expect(await oauth.consume('AuthorizationCode', 'hash', 8)).toBe(false)
      await oauth.upsert(record)
      expect(await oauth.find('AuthorizationCode', 'hash')).toEqual({ ...record, consumedAtMs: 7 })
      expect(await oauth.consume('AuthorizationCode', 'hash', 9)).toBe(false)
    })

    test('exactly one of many callers in several processes gets each record', async () => {
      const { oauth } = await open()
      const ids = Array.from({ length: 100 }, (_, index) => `code-${index}`)
      for (const idHash of ids) await oauth.upsert(recordOf({ model: 'AuthorizationCode', idHash }))
      const consumeAll = `
        result = []
        const ids = ${JSON.stringify(ids)}
        await Promise.all([...ids, ...ids].map(async (id) => {
          if (await storage.oauth.consume('AuthorizationCode', id, 1)) result.push(id)
        }))`
      const consumed = (await runInProcesses(2, consumeAll)).flat() as string[]
      expect(consumed.sort()).toEqual(ids.sort())
    })
  })

  describe('sealed values', () => {
    test('are stored once and survive a restart', async () => {
      const { sealed } = await open()
      expect(await sealed.get('keys')).toBeUndefined()
      expect(await sealed.putIfAbsent('keys', 'first')).toBe('first')
      expect(await sealed.putIfAbsent('keys', 'second')).toBe('first')
      const restarted = await open()
      expect(await restarted.sealed.get('keys')).toBe('first')
      expect(await restarted.sealed.putIfAbsent('keys', 'third')).toBe('first')
      expect(await restarted.sealed.get('other')).toBeUndefined()
    })

    test('processes that start at once, on a store that does not exist yet, end with the same value', async () => {
      const results = await runInProcesses(3, `result = await storage.sealed.putIfAbsent('keys', String(process.pid))`)
      expect(new Set(results).size).toBe(1)
      const storage = await open()
      expect(await storage.sealed.get('keys')).toBe(results[0])
    })

    test('are replaced only by whoever saw the last one', async () => {
      const { sealed } = await open()
      await sealed.putIfAbsent('keys', 'first')
      expect(await sealed.replace('keys', 'other', 'second')).toBe(false)
      expect(await sealed.replace('keys', 'first', 'second')).toBe(true)
      expect(await sealed.replace('keys', 'first', 'third')).toBe(false)
      expect(await sealed.replace('none', 'first', 'third')).toBe(false)
      expect(await sealed.get('keys')).toBe('second')
    })

    test('are listed by name, and removed only by whoever saw the last one', async () => {
      const { sealed } = await open()
      await sealed.putIfAbsent('b', '2')
      await sealed.putIfAbsent('a', '1')
      expect(await sealed.list()).toEqual([
        { name: 'a', sealed: '1' },
        { name: 'b', sealed: '2' },
      ])
      expect(await sealed.remove('a', '2')).toBe(false)
      expect(await sealed.remove('a', '1')).toBe(true)
      expect((await sealed.list()).map(({ name }) => name)).toEqual(['b'])
    })
  })

  describe('API keys', () => {
    const keyOf = (changes: Partial<NewApiKey> = {}): NewApiKey => {
      const names = { id: 'k1', keyHash: 'hash-1', tenant: 'default', consumer: 'billing' }
      return { ...names, expiresAtMs: undefined, metadata: undefined, ...changes }
    }

    test('come back as they were written, with the metadata of their consumer', async () => {
      const { apiKeys } = await open()
      await apiKeys.create(keyOf({ metadata: { plan: 'gold' } }))
      store.now += 5
      await apiKeys.create(keyOf({ id: 'k2', keyHash: 'hash-2', expiresAtMs: store.now + 10 }))
      const consumer = { tenant: 'default', name: 'billing', metadata: { plan: 'gold' } }
      const times = { revokedAtMs: undefined, lastUsedAtMs: undefined }
      const first = {
        id: 'k1',
        keyHash: 'hash-1',
        consumer,
        createdAtMs: store.now - 5,
        expiresAtMs: undefined,
        ...times,
      }
      const second = { ...first, id: 'k2', keyHash: 'hash-2', createdAtMs: store.now, expiresAtMs: store.now + 10 }
      const restarted = await open()
      expect(await restarted.apiKeys.findByHash('hash-1')).toEqual(first)
      expect(await restarted.apiKeys.find('default', 'k2')).toEqual(second)
      expect(await restarted.apiKeys.findByHash('hash-3')).toBeUndefined()
      expect(await restarted.apiKeys.list({ limit: 10 })).toEqual([second, first])
      expect(await restarted.apiKeys.list({ limit: 1 })).toEqual([second])
    })

    test('new metadata holds for all keys of the consumer', async () => {
      const { apiKeys } = await open()
      await apiKeys.create(keyOf())
      await apiKeys.create(keyOf({ id: 'k2', keyHash: 'hash-2', metadata: { plan: 'gold' } }))
      expect((await apiKeys.findByHash('hash-1'))?.consumer.metadata).toEqual({ plan: 'gold' })
    })

    test('the same key, or id, is not stored twice', async () => {
      const { apiKeys } = await open()
      await apiKeys.create(keyOf())
      await expect(apiKeys.create(keyOf({ id: 'k2' }))).rejects.toThrow()
      await expect(apiKeys.create(keyOf({ keyHash: 'hash-2', consumer: 'new' }))).rejects.toThrow()
      expect(await apiKeys.list({ limit: 10 })).toHaveLength(1)
    })

    test('nothing of one tenant is seen or revoked from another', async () => {
      const { apiKeys } = await open()
      await apiKeys.create(keyOf({ metadata: { plan: 'gold' } }))
      await apiKeys.create(keyOf({ id: 'k2', keyHash: 'hash-2', tenant: 'other', metadata: { plan: 'iron' } }))
      expect((await apiKeys.list({ tenant: 'other', limit: 10 })).map(({ id }) => id)).toEqual(['k2'])
      expect(await apiKeys.find('other', 'k1')).toBeUndefined()
      expect(await apiKeys.revoke('other', 'k1')).toBe(false)
      expect((await apiKeys.findByHash('hash-1'))?.consumer.metadata).toEqual({ plan: 'gold' })
    })

    test('are revoked once, and the revocation is announced', async () => {
      const { apiKeys, revocations } = await open()
      await apiKeys.create(keyOf())
      store.now += 7
      expect(await apiKeys.revoke('default', 'k1')).toBe(true)
      expect(await apiKeys.revoke('default', 'k1')).toBe(false)
      expect((await apiKeys.findByHash('hash-1'))?.revokedAtMs).toBe(store.now)
      expect((await revocations.readAfter(0)).revocations).toEqual([{ kind: 'api-key', id: 'k1' }])
    })

    test('the time of the last use never goes back', async () => {
      const { apiKeys } = await open()
      await apiKeys.create(keyOf())
      const marks = [[20], [10, 5], [30, 25]]
      for (const times of marks) await apiKeys.markUsed(times.map((atMs) => ({ id: 'k1', atMs })))
      await apiKeys.markUsed([{ id: 'none', atMs: 1 }])
      expect((await apiKeys.findByHash('hash-1'))?.lastUsedAtMs).toBe(30)
    })
  })

  describe('revocations', () => {
    test('are read once, in order, from behind a cursor', async () => {
      const { revocations } = await open()
      expect(await revocations.latest()).toBe(0)
      await revocations.add([{ kind: 'grant', id: 'a' }])
      const cursor = await revocations.latest()
      await revocations.add([
        { kind: 'client', id: 'b' },
        { kind: 'grant', id: 'c' },
      ])
      const read = await revocations.readAfter(cursor)
      expect(read).toMatchObject({ complete: true, revocations: [{ id: 'b' }, { id: 'c' }] })
      expect(await revocations.readAfter(read.cursor)).toEqual({ cursor: read.cursor, complete: true, revocations: [] })
    })

    test('a reader that slept for days hears that it missed some', async () => {
      const { revocations } = await open()
      await revocations.add([{ kind: 'grant', id: 'a' }])
      store.now += 3 * 24 * 3600 * 1000
      await revocations.add([{ kind: 'grant', id: 'b' }])
      expect(await revocations.readAfter(0)).toMatchObject({ complete: false, revocations: [{ id: 'b' }] })
      expect(await revocations.readAfter(1)).toMatchObject({ complete: true, revocations: [{ id: 'b' }] })
    })

    test('the version changes when another process writes, and only then', async () => {
      const { revocations, oauth } = await open()
      const before = revocations.version()
      await oauth.upsert(recordOf())
      expect(revocations.version()).toBe(before)
      await runInProcesses(1, `result = await storage.revocations.add([{ kind: 'grant', id: 'a' }])`)
      expect(revocations.version()).not.toBe(before)
      expect((await revocations.readAfter(0)).revocations).toHaveLength(1)
    })
  })

  describe('versions of the configuration', () => {
    const versionOf = (version: string) => ({
      atMs: 1,
      actor: 'ada',
      origin: 'console' as const,
      note: undefined,
      version,
      changes: [{ file: 'config/policies.json', change: 'changed' as const }],
      sealed: `sealed ${version}`,
    })

    test('come back as they were written, newest first, and the oldest go', async () => {
      const { configVersions } = await open()
      expect(await configVersions.latest()).toBeUndefined()
      let latest: number | undefined
      for (const name of ['a', 'b', 'c', 'd']) latest = await configVersions.append(versionOf(name), latest, 3)
      expect(await configVersions.latest()).toEqual({ id: latest, ...versionOf('d') })
      const versions = await configVersions.list({ limit: 10 })
      expect(versions.map(({ version }) => version)).toEqual(['d', 'c', 'b'])
      const [, second] = versions
      expect(await configVersions.find(second?.id ?? 0)).toEqual(second)
      expect(await configVersions.find(1)).toBeUndefined()
      const older = await configVersions.list({ beforeId: second?.id, limit: 1 })
      expect(older.map(({ version }) => version)).toEqual(['b'])
      expect((await configVersions.page(0, 2)).map(({ version }) => version)).toEqual(['b', 'c'])
    })

    test('two processes that see the same change write it once', async () => {
      const { configVersions } = await open()
      const first = await configVersions.append(versionOf('a'), undefined, 3)
      expect(await configVersions.append(versionOf('a'), undefined, 3)).toBeUndefined()
      const append = `result = await storage.configVersions.append({ atMs: 1, origin: 'outside', version: 'b', changes: [], sealed: 's' }, ${first}, 3)`
      const ids = await runInProcesses(2, append)
      expect(ids.filter((id) => id !== null)).toHaveLength(1)
      expect(await configVersions.list({ limit: 9 })).toHaveLength(2)
    })

    test('are sealed again only if nobody was faster', async () => {
      const { configVersions } = await open()
      const id = (await configVersions.append(versionOf('a'), undefined, 3)) ?? 0
      expect(await configVersions.replaceSealed(id, 'other', 'new')).toBe(false)
      expect(await configVersions.replaceSealed(id, 'sealed a', 'new')).toBe(true)
      expect((await configVersions.find(id))?.sealed).toBe('new')
    })
  })

  test('two processes that write at once lose nothing', async () => {
    const writeMany = `
      for (let n = 0; n < 200; n++) await storage.oauth.upsert({ model: 'Client', tenant: 'default', idHash: process.pid + '-' + n, payload: '{}' })
      result = process.pid`
    await runInProcesses(2, writeMany)
    const { oauth } = await open()
    expect(await oauth.count('Client')).toBe(400)
  })

  test('closing twice is harmless, and what was opened later goes on', async () => {
    const [first, second] = [await open(), await open()]
    await first.close()
    await first.close()
    await second.oauth.upsert(recordOf())
    expect(await second.oauth.find('AccessToken', 'hash')).toBeDefined()
  })
}
