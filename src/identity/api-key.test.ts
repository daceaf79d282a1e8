import { expect, test } from 'vitest'
import { isApiKey, isIntactApiKey, newApiKey } from './api-key.ts'

test('a key has a prefix, letters and digits only, and a length', () => {
  for (let n = 0; n < 200; n++) {
    const key = newApiKey()
    expect(key).toMatch(/^sp_key_[0-9A-Za-z]{49}$/)
    expect(isApiKey(key) && isIntactApiKey(key)).toBe(true)
  }
})

test('no two keys are the same', () => {
  expect(new Set(Array.from({ length: 500 }, newApiKey)).size).toBe(500)
})

test('a changed, swapped, missing or added character is noticed', () => {
  const key = newApiKey()
  for (let at = 'sp_key_'.length; at < key.length; at++) {
    const other = key[at] === 'a' ? 'b' : 'a'
    expect(isIntactApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBe(false)
  }
  expect(isIntactApiKey(key.slice(0, -1))).toBe(false)
  expect(isIntactApiKey(`${key}a`)).toBe(false)
  expect(isIntactApiKey(key.replace('sp_key_', 'sp_at_'))).toBe(false)
  expect(isIntactApiKey('')).toBe(false)
})
