import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { IdentityProvider } from '../contracts/identity-provider.ts'
import type { SignInTokens } from '../contracts/sign-in-tokens.ts'
import type { Storage } from '../contracts/storage.ts'
import { parseVaultKeys } from '../credentials/keys.ts'
import { createVault } from '../credentials/vault.ts'
import { sha256 } from '../lib/hash.ts'
import { openStorage } from '../storage/sqlite/open-storage.ts'
import { createSignInTokens } from './sign-in-tokens.ts'

const vault = createVault(parseVaultKeys(`a:${Buffer.alloc(32, 1).toString('base64')}`, 'test'))
const minuteMs = 60_000
let nowMs = 1_800_000_000_000
let directory: string
let storage: Storage

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-'))
  storage = await openStorage(directory, () => nowMs)
})
afterEach(async () => {
  await storage.close()
  rmSync(directory, { recursive: true })
})

const tokensOf = (name: string, refreshToken?: string): SignInTokens => ({
  idToken: `id-${name}`,
  accessToken: `access-${name}`,
  refreshToken,
  idTokenExpiresAtMs: nowMs + 10 * minuteMs,
  accessTokenExpiresAtMs: nowMs + 5 * minuteMs,
})

function keep(refresh: IdentityProvider['refresh'] = () => Promise.reject(new Error('gone')), issuer = 'https://idp') {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const provider = { settings: { issuer }, refresh } as unknown as IdentityProvider
  const { oauth: records } = storage
  return createSignInTokens({ records, vault, clock: () => nowMs, log, identityProvider: () => provider })
}

test('tokens are handed out by kind, per person, and never lie in the store as they are', async () => {
  const store = keep()
  await store.put('ada', undefined, tokensOf('ada', 'refresh-ada'))
  await store.put('bob', undefined, tokensOf('bob'))
  expect(await store.find('ada', 'default', 'id_token')).toBe('id-ada')
  expect(await store.find('ada', 'default', 'access_token')).toBe('access-ada')
  expect(await store.find('bob', 'default', 'id_token')).toBe('id-bob')
  expect(await store.find('eve', 'default', 'id_token')).toBeUndefined()
  const files = ['sallyport.db', 'sallyport.db-wal'].map((name) => readFileSync(join(directory, name), 'latin1')).join()
  for (const secret of ['id-ada', 'access-ada', 'refresh-ada']) expect(files).not.toContain(secret)
})

test('tokens of a sign-in to one tenant are not used in another', async () => {
  const store = keep(async () => tokensOf('renewed', 'second'))
  await store.put('ada', 'acme', tokensOf('ada', 'first'))
  expect(await store.find('ada', 'acme', 'id_token')).toBe('id-ada')
  expect(await store.find('ada', 'globex', 'id_token')).toBeUndefined()
  nowMs += 9.5 * minuteMs
  expect(await store.find('ada', 'acme', 'id_token')).toBe('id-renewed')
  expect(await store.find('ada', 'globex', 'id_token')).toBeUndefined()
})

test('what is about to expire is renewed once, however many ask, and what was renewed is kept', async () => {
  const refresh = vi.fn(async (token: string) => tokensOf(`new-${token}`, 'second'))
  const store = keep(refresh)
  await store.put('ada', undefined, tokensOf('ada', 'first'))
  nowMs += 9.5 * minuteMs
  expect(
    await Promise.all([store.find('ada', 'default', 'id_token'), store.find('ada', 'default', 'id_token')]),
  ).toEqual(['id-new-first', 'id-new-first'])
  expect(refresh).toHaveBeenCalledOnce()
  nowMs += 9.5 * minuteMs
  expect(await keep(refresh).find('ada', 'default', 'id_token')).toBe('id-new-second')
})

test('without a refresh token the person has to sign in again', async () => {
  const store = keep()
  await store.put('ada', undefined, tokensOf('ada'))
  nowMs += 9.5 * minuteMs
  expect(await store.find('ada', 'default', 'id_token')).toBeUndefined()
})

test('a refresh token that another process has used already is no loss', async () => {
  const other = keep()
  const store = keep(async () => {
    await other.put('ada', undefined, tokensOf('other', 'second'))
    throw new Error('invalid_grant')
  })
  await store.put('ada', undefined, tokensOf('ada', 'first'))
  nowMs += 9.5 * minuteMs
  expect(await store.find('ada', 'default', 'id_token')).toBe('id-other')
})

test('who signs in to another tenant while their tokens are renewed has nothing of it in the first', async () => {
  const other = keep()
  const store = keep(async () => {
    await other.put('ada', 'globex', tokensOf('globex', 'second'))
    throw new Error('invalid_grant')
  })
  await store.put('ada', 'acme', tokensOf('acme', 'first'))
  nowMs += 9.5 * minuteMs
  expect(await store.find('ada', 'acme', 'id_token')).toBeUndefined()
  expect(await store.find('ada', 'globex', 'id_token')).toBe('id-globex')
})

test('a renewal that ends late does not undo a sign-in to another tenant', async () => {
  const other = keep()
  const store = keep(async () => {
    await other.put('ada', 'globex', tokensOf('globex', 'second'))
    return tokensOf('renewed', 'third')
  })
  await store.put('ada', 'acme', tokensOf('acme', 'first'))
  nowMs += 9.5 * minuteMs
  expect(await store.find('ada', 'acme', 'id_token')).toBe('id-renewed')
  expect(await store.find('ada', 'globex', 'id_token')).toBe('id-globex')
})

test('a renewal under way is not that of a later sign-in to another tenant', async () => {
  const { promise, resolve } = Promise.withResolvers<SignInTokens>()
  const refresh = vi.fn((token: string) => (token === 'first' ? promise : Promise.resolve(tokensOf('globex-renewed'))))
  const store = keep(refresh)
  await store.put('ada', 'acme', tokensOf('acme', 'first'))
  nowMs += 9.5 * minuteMs
  const ofAcme = store.find('ada', 'acme', 'id_token')
  await vi.waitFor(() => expect(refresh).toHaveBeenCalledOnce())
  await store.put('ada', 'globex', { ...tokensOf('globex', 'second'), idTokenExpiresAtMs: nowMs })
  const ofGlobex = store.find('ada', 'globex', 'id_token')
  await vi.waitFor(() => expect(refresh).toHaveBeenCalledTimes(2))
  resolve(tokensOf('acme-renewed'))
  expect([await ofAcme, await ofGlobex]).toEqual(['id-acme-renewed', 'id-globex-renewed'])
})

test('tokens of a provider that is not configured any more are not handed out', async () => {
  await keep().put('ada', undefined, tokensOf('ada'))
  expect(await keep(undefined, 'https://other').find('ada', 'default', 'id_token')).toBeUndefined()
})

test('a sealed record copied to another person does not open', async () => {
  const store = keep()
  await store.put('ada', undefined, tokensOf('ada'))
  const [record] = await storage.oauth.list('SignInTokens', 1)
  if (record === undefined) throw new Error('nothing was stored')
  await storage.oauth.upsert({ ...record, idHash: sha256('eve') })
  await expect(store.find('eve', 'default', 'id_token')).rejects.toThrow('does not open')
})
