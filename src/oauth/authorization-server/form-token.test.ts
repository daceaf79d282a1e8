import { expect, test } from 'vitest'
import { createFormTokens } from './form-token.ts'

test('a form token belongs to one interaction and one key, and never changes', () => {
  const tokens = createFormTokens('key')
  const token = tokens.create('uid-1')
  expect(tokens.create('uid-1')).toBe(token)
  expect(tokens.verify('uid-1', token)).toBe(true)
  expect(tokens.verify('uid-2', token)).toBe(false)
  expect(tokens.verify('uid-1', '')).toBe(false)
  expect(createFormTokens('other').verify('uid-1', token)).toBe(false)
})

test('a form made before the keys were rotated is still good', () => {
  const token = createFormTokens('old').create('uid-1')
  expect(createFormTokens('new', ['older', 'old']).verify('uid-1', token)).toBe(true)
  expect(createFormTokens('new', ['older', 'old']).create('uid-1')).not.toBe(token)
  expect(createFormTokens('new', ['older']).verify('uid-1', token)).toBe(false)
})
