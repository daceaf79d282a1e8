import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SealContext } from '../contracts/vault.ts'
import { parseVaultKeys } from './keys.ts'
import { createVault, keyIdOf, VaultError } from './vault.ts'

const keyA = `a:${Buffer.alloc(32, 1).toString('base64')}`
const keyB = `b:${Buffer.alloc(32, 2).toString('base64')}`
const place: SealContext = { tenant: 'default', kind: 'token', owner: 'ada', id: '1' }
const vaultOf = (...keys: string[]) => createVault(parseVaultKeys(keys.join(','), 'test'))

describe('seal and open', () => {
  test('any text opens to itself and never appears in the record', () => {
    const vault = vaultOf(keyA)
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.string(), (text, owner, id) => {
        const wellFormed = text.toWellFormed()
        const context = { ...place, owner, id }
        expect(vault.open(vault.seal(wellFormed, context), context)).toBe(wellFormed)
      }),
    )
    expect(vault.seal('correct horse battery', place)).not.toContain(Buffer.from('correct horse').toString('base64url'))
  })

  test('the same text is sealed differently every time', () => {
    const vault = vaultOf(keyA)
    expect(vault.seal('x', place)).not.toBe(vault.seal('x', place))
  })
})

describe('attacks', () => {
  test.each(['tenant', 'kind', 'owner', 'id'] as const)('a record moved to another %s does not open', (part) => {
    const vault = vaultOf(keyA)
    const sealed = vault.seal('secret', place)
    expect(() => vault.open(sealed, { ...place, [part]: 'other' })).toThrow(VaultError)
    expect(() => vaultOf(keyB, keyA).rewrap(sealed, { ...place, [part]: 'other' })).toThrow(VaultError)
  })

  test('parts that join to the same text are different places', () => {
    const vault = vaultOf(keyA)
    const sealed = vault.seal('secret', { ...place, owner: 'a|b', id: 'c' })
    expect(() => vault.open(sealed, { ...place, owner: 'a', id: 'b|c' })).toThrow(VaultError)
    expect(() => vault.open(sealed, { ...place, owner: 'a","b', id: 'c' })).toThrow(VaultError)
  })

  test('one flipped bit anywhere in either layer', () => {
    const vault = vaultOf(keyA)
    const parts = vault.seal('secret', place).split('.')
    for (const layer of [2, 3]) {
      const bytes = Buffer.from(parts[layer] ?? '', 'base64url')
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = Buffer.from(bytes)
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const sealed = parts.with(layer, flipped.toString('base64url')).join('.')
        expect(() => vault.open(sealed, place)).toThrow(VaultError)
      }
    }
  })

  test('the ciphertext of one record does not open under the key of another', () => {
    const vault = vaultOf(keyA)
    const left = vault.seal('left', place).split('.')
    const right = vault.seal('right', place).split('.')
    expect(() => vault.open([...left.slice(0, 3), right[3]].join('.'), place)).toThrow(VaultError)
  })

  test('a relabelled key id', () => {
    const vault = vaultOf(keyA, `c:${Buffer.alloc(32, 1).toString('base64')}`)
    expect(() => vault.open(vault.seal('secret', place).replace('v1.a.', 'v1.c.'), place)).toThrow(VaultError)
  })

  test('a missing key is named, a wrong key under the same id is refused, garbage is refused', () => {
    const sealed = vaultOf(keyA).seal('secret', place)
    expect(() => vaultOf(keyB).open(sealed, place)).toThrow(/vault key "a", which is not configured/)
    expect(() => vaultOf(keyB.replace('b:', 'a:')).open(sealed, place)).toThrow(VaultError)
    for (const garbage of ['', 'v1', 'v2.a.b.c', 'v1.a.b.c', `${sealed}.x`, sealed.slice(0, 40)]) {
      expect(() => vaultOf(keyA).open(garbage, place)).toThrow(VaultError)
    }
  })
})

describe('rotation', () => {
  test('rewrap moves a record to the active key; the ciphertext stays', () => {
    const sealed = vaultOf(keyA).seal('secret', place)
    const moved = vaultOf(keyB, keyA).rewrap(sealed, place)
    expect(moved.split('.')[1]).toBe('b')
    expect(moved.split('.')[3]).toBe(sealed.split('.')[3])
    expect(vaultOf(keyB).open(moved, place)).toBe('secret')
    expect(vaultOf(keyB, keyA).rewrap(moved, place)).toBe(moved)
  })

  test('old records stay readable, new ones use the first key', () => {
    const sealed = vaultOf(keyA).seal('secret', place)
    expect(vaultOf(keyB, keyA).open(sealed, place)).toBe('secret')
    expect(vaultOf(keyB, keyA).seal('secret', place)).toMatch(/^v1\.b\./)
  })

  test('keys that change while the vault is used count at once', () => {
    const vault = vaultOf(keyA)
    const sealed = vault.seal('secret', place)
    vault.use(parseVaultKeys(`${keyB},${keyA}`, 'test'))
    expect(vault.keyIds).toEqual(['b', 'a'])
    expect(vault.open(sealed, place)).toBe('secret')
    expect(keyIdOf(vault.seal('secret', place))).toBe('b')
  })

  test('a key that is not known is looked for once, and the vault goes on without it', () => {
    let looked = 0
    const vault = createVault(parseVaultKeys(keyA, 'test'), () => {
      looked += 1
      return parseVaultKeys(`${keyB},${keyA}`, 'test')
    })
    expect(vault.open(vaultOf(keyA).seal('old', place), place)).toBe('old')
    expect(looked).toBe(0)
    expect(vault.open(vaultOf(keyB).seal('new', place), place)).toBe('new')
    expect(vault.open(vaultOf(keyB).seal('new', place), place)).toBe('new')
    expect(looked).toBe(1)
    const foreign = createVault(parseVaultKeys(`c:${Buffer.alloc(32, 3).toString('base64')}`, 'test'))
    expect(() => vault.open(foreign.seal('x', place), place)).toThrow('needs the vault key "c"')
    expect(looked).toBe(2)
  })

  test('the id of the key is read without a key; anything else has none', () => {
    expect(keyIdOf(vaultOf(keyB).seal('x', place))).toBe('b')
    for (const text of ['', 'v1.a.b', 'v2.a.b.c', 'v1..b.c', 'v1.a.b.c.d', '{"keys":[]}']) {
      expect(keyIdOf(text) || undefined).toBeUndefined()
    }
  })
})
