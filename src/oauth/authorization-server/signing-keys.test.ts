import { expect, test } from 'vitest'
import { testVault } from '../../../test/harness/authorization-server.ts'
import type { SealedValues } from '../../contracts/storage.ts'
import { loadServerKeys, rotateServerKeys } from './signing-keys.ts'

function memorySealed(): SealedValues & { readonly values: Map<string, string> } {
  const values = new Map<string, string>()
  return {
    values,
    get: async (name) => values.get(name),
    putIfAbsent: async (name, sealed) => {
      if (!values.has(name)) values.set(name, sealed)
      return values.get(name) ?? ''
    },
    replace: async (name, expected, sealed) => {
      if (values.get(name) !== expected) return false
      values.set(name, sealed)
      return true
    },
    list: async () => [...values].map(([name, sealed]) => ({ name, sealed })),
    remove: async (name, expected) => values.get(name) === expected && values.delete(name),
  }
}

test('keys are made once, sealed, and the same afterwards', async () => {
  const sealed = memorySealed()
  const first = await loadServerKeys(sealed, testVault)
  expect(first.signing).toMatchObject({ kty: 'EC', alg: 'ES256', use: 'sig' })
  expect(await loadServerKeys(sealed, testVault)).toEqual(first)
  const [stored = ''] = sealed.values.values()
  expect(stored).toMatch(/^sealed:/)
  expect(stored).not.toContain(first.forms)
})

test('two processes that start at once end up with the same keys', async () => {
  const sealed = memorySealed()
  const [one, two] = await Promise.all([loadServerKeys(sealed, testVault), loadServerKeys(sealed, testVault)])
  expect(one).toEqual(two)
})

test('rotated keys sign, and the old ones still verify', async () => {
  const sealed = memorySealed()
  const first = await loadServerKeys(sealed, testVault)
  const kid = await rotateServerKeys(sealed, testVault)
  const second = await loadServerKeys(sealed, testVault)
  expect(second.signing.kid).toBe(kid)
  expect(second.signing.kid).not.toBe(first.signing.kid)
  expect(second.formerSigning).toEqual([first.signing])
  expect(second.cookies).toEqual([expect.any(String), ...first.cookies])
  expect(second.formerForms).toEqual([first.forms])
})

test('after a leak no older key verifies anything', async () => {
  const sealed = memorySealed()
  await loadServerKeys(sealed, testVault)
  await rotateServerKeys(sealed, testVault)
  const leaked = await loadServerKeys(sealed, testVault)
  const kid = await rotateServerKeys(sealed, testVault, { discardFormer: true })
  const keys = await loadServerKeys(sealed, testVault)
  expect([keys.signing.kid, keys.formerSigning, keys.formerForms]).toEqual([kid, undefined, undefined])
  expect(keys.cookies).toHaveLength(1)
  expect(leaked.cookies).not.toContain(keys.cookies[0])
  expect(keys.forms).not.toBe(leaked.forms)
})

test('former keys do not pile up without end', async () => {
  const sealed = memorySealed()
  await loadServerKeys(sealed, testVault)
  for (let n = 0; n < 20; n++) await rotateServerKeys(sealed, testVault)
  const keys = await loadServerKeys(sealed, testVault)
  expect([keys.formerSigning?.length, keys.cookies.length, keys.formerForms?.length]).toEqual([8, 9, 8])
})

test('two rotations at once: one of them says that it lost', async () => {
  const sealed = memorySealed()
  await expect(rotateServerKeys(sealed, testVault)).rejects.toThrow(/no keys yet/)
  await loadServerKeys(sealed, testVault)
  const results = await Promise.allSettled([rotateServerKeys(sealed, testVault), rotateServerKeys(sealed, testVault)])
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})
