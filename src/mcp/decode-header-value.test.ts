import { expect, it } from 'vitest'
import { decodeHeaderValue } from './decode-header-value.ts'

it.each([
  ['plain', 'plain'],
  ['=?base64?SGVsbG8=?=', 'Hello'],
  ['=?base64?w7w=?=', 'ü'],
  ['=?base64??=', ''],
  // Not wrapped whole: literal.
  ['SGVsbG8=', 'SGVsbG8='],
  ['=?base64?SGVsbG8=', '=?base64?SGVsbG8='],
  ['=?base64?=', '=?base64?='],
  // Malformed.
  ['=?base64?SGVsbG8?=', undefined],
  ['=?base64?SGVs!!!bG8=?=', undefined],
])('%s stands for %s', (value, meaning) => {
  expect(decodeHeaderValue(value)).toBe(meaning)
})
