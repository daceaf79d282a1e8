import { expect, test } from 'vitest'
import { testVault } from '../../../test/harness/authorization-server.ts'
import type { SealedValues } from '../../contracts/storage.ts'
import { loadServerKeys } from './signing-keys.ts'

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
