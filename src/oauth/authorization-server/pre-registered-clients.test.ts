import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PreRegisteredClient } from '../../contracts/oauth-client.ts'
import type { OAuthRecords, Storage } from '../../contracts/storage.ts'
import type { Vault } from '../../contracts/vault.ts'
import { sha256 } from '../../lib/hash.ts'
import { openStorage } from '../../storage/sqlite/open-storage.ts'
import { createPreRegisteredClients, listStoredClients, removeClient, storeClient } from './pre-registered-clients.ts'

const vault = { seal: (text: string) => `sealed ${text.length}` } as unknown as Vault
const client = (id: string, servers: readonly string[]) =>
  ({
    id,
    name: id,
    tenant: 'default',
    redirectUris: ['https://a.example/cb'],
    servers,
    scopes: [],
  }) as PreRegisteredClient

let directory: string
let storage: Storage
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-clients-'))
  storage = await openStorage(directory)
})
afterAll(async () => {
  await storage.close()
  await rm(directory, { recursive: true, force: true })
})

async function register(id: string): Promise<void> {
  const payload = JSON.stringify({ client_id: id, sallyport_servers: ['*'] })
  const record = { model: 'Client', idHash: sha256(id), payload, grantId: undefined, uid: undefined }
  await storage.oauth.upsert({ tenant: 'default', ...record, expiresAtMs: undefined, consumedAtMs: undefined })
}

test('a flood of registrations does not make the public metadata dearer: no list of clients is read for it', async () => {
  const records: OAuthRecords = { ...storage.oauth, list: () => Promise.reject(new Error('read all clients')) }
  const { offerClientCredentials } = createPreRegisteredClients(() => [], records)
  await register('stranger')
  expect(await offerClientCredentials()).toBe(false)
  await storeClient(client('portal', []), storage.oauth, vault)
  expect(await offerClientCredentials()).toBe(false)
  await storeClient(client('robot', ['tracker']), storage.oauth, vault)
  await storeClient(client('portal-2', []), storage.oauth, vault)
  expect(await offerClientCredentials()).toBe(true)
  const ids = (await listStoredClients(storage.oauth)).map(({ id }) => id)
  expect(ids.toSorted()).toEqual(['portal', 'portal-2', 'robot'])
  expect(await removeClient({ id: 'stranger', tenant: 'default' }, [], storage)).toBe(false)
  expect(await removeClient({ id: 'robot', tenant: 'acme' }, [], storage)).toBe(false)
  expect(await removeClient({ id: 'robot', tenant: 'default' }, [], storage)).toBe(true)
  expect(await offerClientCredentials()).toBe(false)
})

test('a client of a tenant from before records had one is listed and removed in its tenant', async () => {
  const { oauth } = storage
  await storeClient({ ...client('older', ['tracker']), tenant: 'acme' }, oauth, vault)
  const record = await oauth.find('Client', sha256('older'))
  if (record === undefined) throw new Error('the client was not stored')
  await oauth.destroy('Client', record.idHash)
  await oauth.upsert({ ...record, tenant: 'default' })
  const ids = async (tenant: string) => (await listStoredClients(oauth, tenant)).map(({ id }) => id)
  expect([await ids('acme'), (await ids('default')).includes('older')]).toEqual([['older'], false])
  expect(await removeClient({ id: 'older', tenant: 'default' }, [], storage)).toBe(false)
  expect(await removeClient({ id: 'older', tenant: 'acme' }, [], storage)).toBe(true)
  expect(await oauth.find('Client', sha256('older'))).toBeUndefined()
})
