import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NewApiKey, Storage } from '../contracts/storage.ts'
import { sha256 } from '../lib/hash.ts'
import { openStorage } from '../storage/sqlite/open-storage.ts'
import { newApiKey } from './api-key.ts'
import { type CachingApiKeyVerifier, createApiKeyVerifier } from './verify-api-key.ts'

let directory: string
let storage: Storage
let now: number
let verifier: CachingApiKeyVerifier
let reads: number
let onceRead: (() => Promise<unknown>) | undefined
const logged: string[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-keys-'))
  now = 1_000_000
  reads = 0
  storage = await openStorage(directory, () => now)
  const log = { debug() {}, info() {}, warn() {}, error: (_: object, message: string) => void logged.push(message) }
  onceRead = undefined
  const counted = async (hash: string) => {
    reads++
    const record = await storage.apiKeys.findByHash(hash)
    await onceRead?.()
    onceRead = undefined
    return record
  }
  verifier = createApiKeyVerifier({ apiKeys: { ...storage.apiKeys, findByHash: counted }, clock: () => now, log })
})
afterEach(async () => {
  await verifier.close()
  await storage.close()
  await rm(directory, { recursive: true, force: true })
})

async function issue(changes: Partial<NewApiKey> = {}): Promise<string> {
  const key = newApiKey()
  const names = { id: `key-${now}`, tenant: 'default', consumer: 'billing', metadata: { plan: 'gold' } }
  await storage.apiKeys.create({ ...names, keyHash: sha256(key), expiresAtMs: undefined, ...changes })
  return key
}

const consumer = { tenant: 'default', name: 'billing', metadata: { plan: 'gold' } }

test('a key is read once and then found without a promise', async () => {
  const key = await issue({ id: 'k1' })
  expect(await verifier.verify(key, 60_000)).toEqual({ id: 'k1', consumer })
  expect(verifier.verify(key, 60_000)).toEqual({ id: 'k1', consumer })
  expect(reads).toBe(1)
})

test('a remembered key is read again when it is too old', async () => {
  const key = await issue()
  await verifier.verify(key, 1000)
  await issue({ id: 'other', keyHash: 'other', metadata: { plan: 'iron' } })
  expect(verifier.verify(key, 1000)).toMatchObject({ consumer: { metadata: { plan: 'gold' } } })
  now += 1000
  expect(await verifier.verify(key, 1000)).toMatchObject({ consumer: { metadata: { plan: 'iron' } } })
  expect(await verifier.verify(key, 0)).toMatchObject({ consumer: { metadata: { plan: 'iron' } } })
  expect(reads).toBe(3)
})

test('what is mistyped or was never issued is invalid; the former without asking the store', async () => {
  const key = await issue()
  expect(await verifier.verify(`${key.slice(0, -1)}_`, 1000)).toBe('key_invalid')
  expect(reads).toBe(0)
  expect(await verifier.verify(newApiKey(), 1000)).toBe('key_invalid')
  expect(reads).toBe(1)
})

test('expiry holds from its very millisecond, also for a remembered key', async () => {
  const key = await issue({ expiresAtMs: now + 10 })
  expect(await verifier.verify(key, 60_000)).toMatchObject({ consumer })
  now += 9
  expect(await verifier.verify(key, 60_000)).toMatchObject({ consumer })
  now += 1
  expect(await verifier.verify(key, 60_000)).toBe('key_expired')
})

test('a revoked key is refused from the next request on', async () => {
  const key = await issue({ id: 'k1' })
  await verifier.verify(key, 60_000)
  await storage.apiKeys.revoke('default', 'k1')
  verifier.forget('k1')
  expect(await verifier.verify(key, 60_000)).toBe('key_revoked')
})

test('forgetting one key leaves the others; forgetting all leaves none', async () => {
  const [one, two] = [await issue({ id: 'k1' }), await issue({ id: 'k2' })]
  await Promise.all([verifier.verify(one, 60_000), verifier.verify(two, 60_000)])
  verifier.forget('k1')
  expect(verifier.verify(two, 60_000)).toMatchObject({ id: 'k2' })
  verifier.forget()
  expect(verifier.verify(two, 60_000)).toBeInstanceOf(Promise)
})

test('a key that is revoked while it is being read is not remembered', async () => {
  const key = await issue({ id: 'k1' })
  onceRead = async () => {
    await storage.apiKeys.revoke('default', 'k1')
    verifier.forget('k1')
  }
  expect(await verifier.verify(key, 60_000)).toBe('key_revoked')
})

test('the last use is written later, and at the latest when the gateway stops', async () => {
  const key = await issue({ id: 'k1' })
  await verifier.verify(key, 60_000)
  now += 500
  await verifier.verify(key, 60_000)
  expect((await storage.apiKeys.find('default', 'k1'))?.lastUsedAtMs).toBeUndefined()
  await verifier.close()
  expect((await storage.apiKeys.find('default', 'k1'))?.lastUsedAtMs).toBe(now)
})
