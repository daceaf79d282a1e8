import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  type BrokerProcess,
  type BrokerWorld,
  createBrokerWorld,
  keyCredential,
  oauthCredentialOf,
  vaultKeys,
} from '../../test/harness/open-brokers.ts'
import { createConnectionStore, ownerOf } from './connections.ts'
import { createVault } from './vault.ts'

let world: BrokerWorld
let gateway: BrokerProcess

beforeEach(async () => {
  world = createBrokerWorld()
  gateway = await world.open()
})
afterEach(() => world.close())

const adas = { tenant: 'default', upstream: 'tracker', owner: ownerOf('ada') }

test('what was stored is found by another process, and the store shows no secret', async () => {
  const credential = oauthCredentialOf(world.now, { accessToken: 'canary-access', refreshToken: 'canary-refresh' })
  const put = await gateway.connections.put(adas, credential, 'admin')
  const { connections, storage } = await world.open()
  const found = await connections.find(adas)
  expect(found).toEqual(put)
  expect(found?.record).toMatchObject({
    ...adas,
    generation: 1,
    kind: 'oauth',
    state: 'connected',
    connectedBy: 'admin',
    scopes: ['read'],
    issuer: credential.issuer,
    resource: credential.resource,
    clientId: 'gateway',
    expiresAtMs: credential.expiresAtMs,
    createdAtMs: world.now,
  })
  const stored = JSON.stringify(await storage.connections.list({ limit: 10 }))
  expect(stored).not.toMatch(/canary/)
  expect(await connections.list({ owner: adas.owner, limit: 10 })).toEqual([found?.record])
})

test('a key says nothing of itself in the clear', async () => {
  const { record } = await gateway.connections.put(adas, keyCredential, 'ada')
  expect(record).toMatchObject({ kind: 'api-key', scopes: [], issuer: undefined, expiresAtMs: undefined })
  expect(JSON.stringify(record)).not.toContain('key-0')
})

test('a change counts only for whoever saw the connection as it is', async () => {
  const { connections } = gateway
  const put = await connections.put(adas, oauthCredentialOf(world.now), 'ada')
  world.now += 7
  const credential = oauthCredentialOf(world.now, { accessToken: 'access-1', scopes: ['read', 'write'] })
  const updated = await connections.update(put, credential)
  expect(updated).toEqual(await (await world.open()).connections.find(adas))
  expect(updated?.record).toMatchObject({
    generation: 2,
    scopes: ['read', 'write'],
    expiresAtMs: credential.expiresAtMs,
  })
  expect(await connections.update(put, credential)).toBeUndefined()
  expect(await connections.requireConsent(put, 'connection_reconsent_required')).toBeUndefined()
  expect((await connections.find(adas))?.record.state).toBe('connected')
})

test('one that needs consent keeps its credential, is not remembered, and a new token ends that state', async () => {
  const { connections } = gateway
  const put = await connections.put(adas, oauthCredentialOf(world.now), 'ada')
  await connections.find(adas)
  const ended = await connections.requireConsent(put, 'connection_reconsent_required')
  const state = { state: 'reconsent_required', stateReason: 'connection_reconsent_required', generation: 2 }
  expect(ended?.record).toMatchObject(state)
  expect(connections.known(adas)).toBeUndefined()
  expect(await connections.find(adas)).toEqual(ended)
  expect(connections.known(adas)).toBeUndefined()
  const again = ended && (await connections.update(ended, oauthCredentialOf(world.now)))
  expect(again?.record).toMatchObject({ state: 'connected', stateReason: undefined, generation: 3 })
  expect(connections.known(adas)).toBe(again)
})

test('many that are not connected are looked up once each', async () => {
  const find = vi.spyOn(gateway.storage.connections, 'find')
  const owners = Array.from({ length: 50 }, (_, index) => ownerOf(`person-${index}`))
  await Promise.all(owners.map((owner) => gateway.connections.find({ ...adas, owner })))
  expect(find).toHaveBeenCalledTimes(50)
})

test('one that is removed while its new token is being stored is not remembered', async () => {
  const { storage } = gateway
  const slow: typeof storage.connections = {
    ...storage.connections,
    async update(...change) {
      const isUpdated = await storage.connections.update(...change)
      await storage.connections.remove(adas)
      connections.forget(put.record.id)
      return isUpdated
    },
  }
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const connections = createConnectionStore({
    connections: slow,
    vault: createVault(vaultKeys),
    clock: () => world.now,
    log,
  })
  const put = await connections.put(adas, oauthCredentialOf(world.now), 'ada')
  await connections.update(put, oauthCredentialOf(world.now, { accessToken: 'access-1' }))
  expect(connections.known(adas)).toBeUndefined()
  expect(await connections.find(adas)).toBeUndefined()
})

test('one that is removed while it is being read is not remembered', async () => {
  const { connections: table } = gateway.storage
  const { id } = (await gateway.connections.put(adas, oauthCredentialOf(world.now), 'ada')).record
  const read = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const slow = createConnectionStore({
    connections: {
      ...table,
      async find(key) {
        const found = await table.find(key)
        read.resolve()
        await goOn.promise
        return found
      },
    },
    vault: createVault(vaultKeys),
    clock: () => world.now,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
  const reading = slow.find(adas)
  await read.promise
  await table.remove(adas)
  slow.forget(id)
  goOn.resolve()
  expect(await reading).toBeUndefined()
  expect(slow.known(adas)).toBeUndefined()
  await slow.close()
})
