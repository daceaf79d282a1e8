import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { addressOf, addressTokens } from './address-tokens.ts'
import { createTokenSealer } from './seal-token.ts'

const sealer = createTokenSealer(randomBytes(32))
const [first, second, lone] = ['0-abc_-9', '12-Abcdef', ''].map((name) => addressTokens(sealer, name))
const context = JSON.stringify(['some', 'context'])

it('every process opens what any of them made, and sees who it was', () => {
  const token = second?.seal('text', context) ?? ''
  expect(addressOf(token)).toEqual({ name: '12-Abcdef', slot: 12 })
  for (const opener of [first, second, lone]) expect(opener?.open(token, context)).toBe('text')
})

it('alone, tokens have no address, and are as they always were', () => {
  const token = lone?.seal('text', context) ?? ''
  expect(addressOf(token)).toBeUndefined()
  expect(first?.open(token, context)).toBe('text')
  expect(second?.open(sealer.seal('text', context), context)).toBe('text')
})

it('opens with no other address, and with none', () => {
  const token = first?.seal('text', context) ?? ''
  const sealed = token.slice('0-abc_-9.'.length)
  for (const moved of [`12-Abcdef.${sealed}`, sealed, `0-abc_-9.0-abc_-9.${sealed}`, `0-abc_-9.${sealed.slice(1)}`]) {
    expect(lone?.open(moved, context)).toBeUndefined()
  }
  expect(lone?.open(token, `${context} `)).toBeUndefined()
  expect(lone?.open(`0-abc_-9.${sealer.seal('text', context)}`, context)).toBeUndefined()
})

it.each(['', '.', 'abc', 'abcdef.g', '0-abcde.f', '0-abcdefg.h', '1234-abcdef.g', 'eyJhbGciOi.J9', '-1-abcdef.g'])(
  '%j is no address',
  (token) => {
    expect(addressOf(token)).toBeUndefined()
  },
)
