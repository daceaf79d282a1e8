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
