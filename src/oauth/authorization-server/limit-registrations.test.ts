import { expect, test } from 'vitest'
import { limitRegistrations } from './limit-registrations.ts'

const limits = { perAddress: 2, total: 3, windowSeconds: 60 }

test('limits one address, then all together, and begins anew with the next window', () => {
  let now = 1_000_000
  const take = limitRegistrations(limits, () => now)
  expect([take('a'), take('a')]).toEqual([0, 0])
  now += 20_000
  expect(take('a')).toBe(40)
  expect(take('b')).toBe(0)
  expect(take('c')).toBe(40)
  now += 40_000
  expect([take('a'), take('c')]).toEqual([0, 0])
})
