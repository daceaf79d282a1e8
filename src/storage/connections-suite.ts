import { describe, expect, test } from 'vitest'
import type { ConnectionKey, ConnectionRecord, UpstreamClientRecord } from '../contracts/storage.ts'
import { type StorageUnderTest, useStore } from './store-of-suite.ts'

/** What every storage adapter promises of connections, registrations and catalogues. Call it from the test file of the adapter. */
export function runConnectionsSuite(createStore: () => Promise<StorageUnderTest>): void {
  const store = useStore(createStore)
  const open = () => store.open()

  const key: ConnectionKey = { tenant: 'default', upstream: 'tracker', owner: 'subject:ada' }

  function connectionOf(changes: Partial<ConnectionRecord> = {}): ConnectionRecord {
    return {
      ...key,
      id: 'c1',
      generation: 1,
      kind: 'oauth',
      state: 'connected',
      stateReason: undefined,
      issuer: 'https://as.example',
      resource: 'https://tracker.example/mcp',
      clientId: 'gateway',
      scopes: ['read', 'write'],
      connectedBy: 'ada',
      sealed: 'sealed-1',
      expiresAtMs: store.now + 1000,
      createdAtMs: store.now,
      updatedAtMs: store.now,
      lastUsedAtMs: undefined,
      ...changes,
    }
  }

  const first = { id: 'c1', generation: 1 }
  const second = { id: 'c1', generation: 2 }

  describe('connections', () => {
    test('come back as they were written, also without what is optional, and after a restart', async () => {
      const { connections } = await open()
      const bare = { issuer: undefined, resource: undefined, clientId: undefined, expiresAtMs: undefined, scopes: [] }
      const keyed = connectionOf({ ...bare, id: 'c2', upstream: 'notes', kind: 'api-key', stateReason: 'x' })
      await connections.put(connectionOf())
      await connections.put(keyed)
      const restarted = await open()
      expect(await restarted.connections.find(key)).toEqual(connectionOf())
      expect(await restarted.connections.find({ ...key, upstream: 'notes' })).toEqual(keyed)
      expect(await restarted.connections.find({ ...key, upstream: 'none' })).toBeUndefined()
    })

    test('nothing of one tenant, upstream or owner is found, changed or removed under another', async () => {
      const { connections } = await open()
      await connections.put(connectionOf())
      for (const part of ['tenant', 'upstream', 'owner'] as const) {
        const other = { ...key, [part]: 'other' }
        expect(await connections.find(other)).toBeUndefined()
        expect(await connections.update(other, first, { sealed: 'theirs' })).toBe(false)
        expect(await connections.lease(other, first, 'h', store.now + 1000)).toBe(false)
        expect(await connections.remove(other)).toBe(false)
      }
      expect(await connections.find(key)).toEqual(connectionOf())
    })

    test('are listed newest first, by any of tenant, owner and upstream', async () => {
      const { connections } = await open()
      const list = [
        { id: 'a' },
        { id: 'b', upstream: 'notes' },
        { id: 'c', owner: 'shared' },
        { id: 'd', tenant: 'acme' },
      ]
      for (const changes of list) {
        store.now += 1
        await connections.put(connectionOf(changes))
      }
      const ids = async (filter: Partial<ConnectionKey>, limit = 10) =>
        (await connections.list({ ...filter, limit })).map(({ id }) => id).join('')
      expect(await ids({})).toBe('dcba')
      expect(await ids({}, 2)).toBe('dc')
      expect(await ids({ tenant: 'default' })).toBe('cba')
      expect(await ids({ owner: 'subject:ada' })).toBe('dba')
      expect(await ids({ upstream: 'notes' })).toBe('b')
      expect(await ids({ tenant: 'default', owner: 'subject:ada', upstream: 'tracker' })).toBe('a')
      expect(await ids({ tenant: 'none' })).toBe('')
    })

    test('a new one in the place of an earlier one announces the revocation of the earlier one', async () => {
      const { connections, revocations } = await open()
      await connections.put(connectionOf())
      expect((await revocations.readAfter(0)).revocations).toEqual([])
      const next = connectionOf({ id: 'c2', kind: 'api-key', sealed: 'key', connectedBy: 'root', clientId: undefined })
      await connections.lease(key, first, 'h', store.now + 1000)
      await connections.put(next)
      expect(await connections.find(key)).toEqual(next)
      expect((await revocations.readAfter(0)).revocations).toEqual([{ kind: 'connection', id: 'c1' }])
      expect(await connections.lease(key, { id: 'c2', generation: 1 }, 'i', store.now + 1000)).toBe(true)
    })

    test('the id of a connection is never used twice', async () => {
      const { connections } = await open()
      await connections.put(connectionOf())
      await expect(connections.put(connectionOf({ owner: 'subject:eve' }))).rejects.toThrow()
      expect(await connections.find({ ...key, owner: 'subject:eve' })).toBeUndefined()
    })

    test('are removed once, and the revocation is announced', async () => {
      const { connections, revocations } = await open()
      await connections.put(connectionOf())
      expect(await connections.remove(key)).toBe(true)
      expect(await connections.remove(key)).toBe(false)
      expect(await connections.find(key)).toBeUndefined()
      expect((await revocations.readAfter(0)).revocations).toEqual([{ kind: 'connection', id: 'c1' }])
    })

    test('change only for whoever saw the last generation of the same connection', async () => {
      const { connections } = await open()
      await connections.put(connectionOf())
      store.now += 5
      expect(await connections.update(key, { id: 'c0', generation: 1 }, { sealed: 'x' })).toBe(false)
      expect(await connections.update(key, second, { sealed: 'x' })).toBe(false)
      const change = { sealed: 'sealed-2', expiresAtMs: undefined, scopes: ['read'], stateReason: 'why' } as const
      expect(await connections.update(key, first, { ...change, state: 'reconsent_required' })).toBe(true)
      expect(await connections.update(key, first, { sealed: 'x' })).toBe(false)
      const changed = {
        ...connectionOf(),
        ...change,
        state: 'reconsent_required',
        generation: 2,
        updatedAtMs: store.now,
      }
      expect(await connections.find(key)).toEqual({ ...changed, createdAtMs: store.now - 5 })
    })

    test('a walk by pages sees every one; a credential under another key is the same credential', async () => {
      const { connections } = await open()
      for (const id of ['c', 'a', 'b']) await connections.put(connectionOf({ id, upstream: id }))
      expect((await connections.page('', 2)).map(({ id }) => id)).toEqual(['a', 'b'])
      expect((await connections.page('b', 2)).map(({ id }) => id)).toEqual(['c'])
      const held = { id: 'a', generation: 1 }
      await connections.lease({ ...key, upstream: 'a' }, held, 'holder', store.now + 10)
      expect(await connections.replaceSealed('a', 'other', 'sealed-2')).toBe(false)
      expect(await connections.replaceSealed('a', 'sealed-1', 'sealed-2')).toBe(true)
      const stored = await connections.find({ ...key, upstream: 'a' })
      expect(stored).toEqual(connectionOf({ id: 'a', upstream: 'a', sealed: 'sealed-2' }))
      expect(await connections.lease({ ...key, upstream: 'a' }, held, 'second', store.now + 10)).toBe(false)
    })

    test('the time of the last use never goes back', async () => {
      const { connections } = await open()
      await connections.put(connectionOf())
      for (const times of [[20], [10, 5], [30, 25]]) {
        await connections.markUsed(times.map((atMs) => ({ id: 'c1', atMs })))
      }
      await connections.markUsed([{ id: 'none', atMs: 1 }])
      expect((await connections.find(key))?.lastUsedAtMs).toBe(30)
    })
  })

  describe('the right to refresh', () => {
    test('has one holder until it ends by itself, is given back, or used', async () => {
      const { connections } = await open()
      await connections.put(connectionOf())
      const take = (holder: string, expected = first) => connections.lease(key, expected, holder, store.now + 100)
      expect(await take('a')).toBe(true)
      expect(await take('b')).toBe(false)
      store.now += 99
      expect(await take('b')).toBe(false)
      store.now += 1
      expect(await take('b')).toBe(true)
      await connections.release(key, 'a')
      expect(await take('a')).toBe(false)
      await connections.release(key, 'b')
      expect(await take('a')).toBe(true)
      expect(await connections.update(key, first, { sealed: 'sealed-2' })).toBe(true)
      expect(await take('b')).toBe(false)
      expect(await take('b', second)).toBe(true)
    })

    test('is neither a change, nor of another connection or generation', async () => {
      const { connections } = await open()
      await connections.put(connectionOf())
      expect(await connections.lease(key, { id: 'c0', generation: 1 }, 'a', store.now + 100)).toBe(false)
      expect(await connections.lease(key, second, 'a', store.now + 100)).toBe(false)
      expect(await connections.lease(key, first, 'a', store.now + 100)).toBe(true)
      expect(await connections.find(key)).toEqual(connectionOf())
    })

    test('exactly one of many in several processes gets it, and each change happens once', async () => {
      const { connections } = await open()
      const owners = Array.from({ length: 40 }, (_, index) => `subject:${index}`)
      for (const owner of owners) await connections.put(connectionOf({ owner, id: owner }))
      const [left, right] = await runInProcesses(2, owners)
      expect([...(left?.leased ?? []), ...(right?.leased ?? [])].sort()).toEqual(owners.toSorted())
      expect([...(left?.updated ?? []), ...(right?.updated ?? [])].sort()).toEqual(owners.toSorted())
    })

    /** Each process takes every lease and then makes every change, as far as it is the first. */
    function runInProcesses(
      count: number,
      owners: readonly string[],
    ): Promise<{ leased: string[]; updated: string[] }[]> {
      const script = `const [leased, updated] = [[], []]
        for (const owner of ${JSON.stringify(owners)}) {
          const key = { tenant: 'default', upstream: 'tracker', owner }
          const expected = { id: owner, generation: 1 }
          if (await storage.connections.lease(key, expected, String(process.pid), Date.now() + 60_000)) leased.push(owner)
        }
        // Both have tried every lease before the first change ends one.
        console.log('leased')
        await new Promise((resolve) => process.stdin.once('data', resolve).resume())
        for (const owner of ${JSON.stringify(owners)}) {
          const key = { tenant: 'default', upstream: 'tracker', owner }
          if (await storage.connections.update(key, { id: owner, generation: 1 }, { sealed: 's' })) updated.push(owner)
        }
        console.log(JSON.stringify({ leased, updated }))
        await storage.close()
        process.exit()`
      return runTogether(count, script)
    }

    async function runTogether<T>(count: number, script: string): Promise<T[]> {
      let waiting = count
      const runs = Array.from({ length: count }, () => store.startProcess(script))
      for (const { child } of runs) {
        child.stdout?.once('data', () => {
          waiting -= 1
          if (waiting === 0) for (const run of runs) run.child.stdin?.end('go')
        })
      }
      const outputs = await Promise.all(runs)
      return outputs.map(({ stdout }) => JSON.parse(stdout.slice(stdout.indexOf('\n'))) as T)
    }
  })

  describe('registrations at authorization servers', () => {
    const clientOf = (changes: Partial<UpstreamClientRecord> = {}): UpstreamClientRecord => ({
      tenant: 'default',
      issuer: 'https://as.example',
      redirectUri: 'https://gateway.example/callback',
      clientId: 'one',
      sealed: 'sealed',
      expiresAtMs: undefined,
      createdAtMs: store.now,
      ...changes,
    })

    test('the first of several stays; each tenant, issuer and callback has its own', async () => {
      const { upstreamClients } = await open()
      expect(await upstreamClients.putIfAbsent(clientOf())).toEqual(clientOf())
      expect(await upstreamClients.putIfAbsent(clientOf({ clientId: 'two' }))).toEqual(clientOf())
      for (const part of ['tenant', 'issuer', 'redirectUri'] as const) {
        const other = clientOf({ [part]: 'other', clientId: part, expiresAtMs: 5 })
        expect(await upstreamClients.putIfAbsent(other)).toEqual(other)
        expect(await upstreamClients.find(other.tenant, other.issuer, other.redirectUri)).toEqual(other)
      }
      expect(await upstreamClients.list({ tenant: 'other', limit: 10 })).toHaveLength(1)
      expect(await upstreamClients.list({ limit: 3 })).toHaveLength(3)
      expect(await upstreamClients.find('default', 'none', 'none')).toBeUndefined()
    })

    test('the same registration under another key, only for whoever saw the last one', async () => {
      const { upstreamClients } = await open()
      await upstreamClients.putIfAbsent(clientOf())
      expect(await upstreamClients.replaceSealed(clientOf({ sealed: 'other' }), 'new')).toBe(false)
      expect(await upstreamClients.replaceSealed(clientOf({ tenant: 'other' }), 'new')).toBe(false)
      expect(await upstreamClients.replaceSealed(clientOf(), 'new')).toBe(true)
      expect(await upstreamClients.list({ limit: 9 })).toEqual([clientOf({ sealed: 'new' })])
    })

    test('one that does not hold any more is replaced once', async () => {
      const { upstreamClients } = await open()
      await upstreamClients.putIfAbsent(clientOf())
      const two = clientOf({
        clientId: 'two',
        sealed: 'sealed-2',
        createdAtMs: store.now + 1,
        expiresAtMs: store.now + 9,
      })
      expect(await upstreamClients.replace('one', two)).toEqual(two)
      expect(await upstreamClients.replace('one', clientOf({ clientId: 'three' }))).toEqual(two)
      const elsewhere = clientOf({ issuer: 'https://new.example', clientId: 'four' })
      expect(await upstreamClients.replace('one', elsewhere)).toEqual(elsewhere)
    })
  })

  describe('last known catalogues', () => {
    const place = { tenant: 'default', virtualServer: 'tracker', owner: 'subject:ada', method: 'tools/list' }

    test('are replaced, and belong to one tenant, virtual server, owner and method', async () => {
      const { knownCatalogs } = await open()
      await knownCatalogs.put({ ...place, result: '{"tools":[]}', updatedAtMs: 1 })
      await knownCatalogs.put({ ...place, result: '{"tools":[1]}', updatedAtMs: 2 })
      expect(await knownCatalogs.find(place)).toEqual({ ...place, result: '{"tools":[1]}', updatedAtMs: 2 })
      for (const part of ['tenant', 'virtualServer', 'owner', 'method'] as const) {
        expect(await knownCatalogs.find({ ...place, [part]: 'other' })).toBeUndefined()
      }
    })

    test('all methods of an owner are removed together, and nobody else loses theirs', async () => {
      const { knownCatalogs } = await open()
      const others = [{ tenant: 'other' }, { virtualServer: 'other' }, { owner: 'shared' }]
      for (const changes of [{}, { method: 'prompts/list' }, ...others]) {
        await knownCatalogs.put({ ...place, ...changes, result: '{}', updatedAtMs: 1 })
      }
      await knownCatalogs.remove('default', 'tracker', 'subject:ada')
      expect(await knownCatalogs.find(place)).toBeUndefined()
      expect(await knownCatalogs.find({ ...place, method: 'prompts/list' })).toBeUndefined()
      for (const changes of others) expect(await knownCatalogs.find({ ...place, ...changes })).toBeDefined()
    })
  })
}
