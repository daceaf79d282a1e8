import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testVault } from '../../../test/harness/authorization-server.ts'
import type { Storage } from '../../contracts/storage.ts'
import { sha256 } from '../../lib/hash.ts'
import { openStorage } from '../../storage/sqlite/open-storage.ts'
import { RecordAdapter } from './record-adapter.ts'

describe('RecordAdapter', () => {
  let directory: string
  let storage: Storage
  let now: number
  let forgotten: string[]
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-adapter-'))
    storage = await openStorage(directory)
    now = Date.now()
    forgotten = []
  })
  afterEach(async () => {
    await storage.close()
    await rm(directory, { recursive: true, force: true })
  })

  const adapterOf = (model: string) =>
    new RecordAdapter(model, {
      records: storage.oauth,
      vault: testVault,
      clock: () => now,
      leewaySeconds: () => 10,
      clientTtlSeconds: () => 100,
      findConfiguredClient: () => undefined,
      findClientTenant: async () => undefined,
      onTokenDestroyed: (idHash) => forgotten.push(idHash),
      onGrantRevoked: (grantId) => forgotten.push(grantId),
      invalidGrant: (message) => new Error(message),
    })

  async function issue(model: string, id: string) {
    await adapterOf('Grant').upsert('g1', { jti: 'g1' }, 1000)
    await adapterOf('AccessToken').upsert('at', { jti: 'at', grantId: 'g1' }, 1000)
    await adapterOf(model).upsert(id, { jti: id, grantId: 'g1' }, 1000)
    return adapterOf(model)
  }

  test('a record is found by its id, which is nowhere in the store', async () => {
    const adapter = await issue('RefreshToken', 'sp_rt_secret-value')
    expect(await adapter.find('sp_rt_secret-value')).toMatchObject({ jti: 'sp_rt_secret-value', grantId: 'g1' })
    const record = await storage.oauth.find('RefreshToken', sha256('sp_rt_secret-value'))
    expect(JSON.stringify(record)).not.toContain('secret-value')
    expect(await adapter.find('sp_rt_other')).toBeUndefined()
  })

  test('a code is consumed once; losing the race ends the grant', async () => {
    const adapter = await issue('AuthorizationCode', 'code')
    await adapter.consume('code')
    await expect(adapter.consume('code')).rejects.toThrow('already used')
    expect(await adapterOf('AccessToken').find('at')).toBeUndefined()
    expect(await adapterOf('Grant').find('g1')).toBeUndefined()
    expect(forgotten).toContain('g1')
  })

  test('a refresh token is accepted again within the leeway, then it ends the grant', async () => {
    const adapter = await issue('RefreshToken', 'rt')
    await adapter.consume('rt')
    expect(await adapter.find('rt')).not.toHaveProperty('consumed')
    now += 9_000
    await adapter.consume('rt')
    now += 1_000
    expect(await adapter.find('rt')).toHaveProperty('consumed')
    await expect(adapter.consume('rt')).rejects.toThrow('already used')
    expect(await adapterOf('AccessToken').find('at')).toBeUndefined()
  })

  test('consuming again does not prolong the leeway', async () => {
    const adapter = await issue('RefreshToken', 'rt')
    for (let second = 0; second < 10; second += 3) {
      await adapter.consume('rt')
      now += 3_000
    }
    await expect(adapter.consume('rt')).rejects.toThrow('already used')
  })

  test('destroying a grant destroys its tokens and says so', async () => {
    await issue('RefreshToken', 'rt')
    await adapterOf('Grant').destroy('g1')
    expect(await adapterOf('RefreshToken').find('rt')).toBeUndefined()
    expect(forgotten).toContain('g1')
  })

  test('destroying a token says which', async () => {
    await issue('RefreshToken', 'rt')
    await adapterOf('AccessToken').destroy('at')
    expect(forgotten).toEqual([sha256('at')])
  })

  test('a session is found by its uid without its cookie', async () => {
    await adapterOf('Session').upsert('cookie-value', { jti: 'cookie-value', uid: 'u1', accountId: 'ada' }, 100)
    expect(await adapterOf('Session').findByUid('u1')).toMatchObject({ uid: 'u1', accountId: 'ada', jti: '' })
  })

  test('a client expires unused', async () => {
    const adapter = adapterOf('Client')
    await adapter.upsert('c1', { client_id: 'c1' })
    expect(await adapter.find('c1')).toMatchObject({ client_id: 'c1' })
    now += 100_000
    expect(await adapter.find('c1')).toBeUndefined()
  })
})
