import { expect, test } from 'vitest'
import { limitRequests } from './limit-requests.ts'

const limits = { perAddress: 2, total: 3, windowSeconds: 60 }

test('limits one address, then all together, and begins anew with the next window', () => {
  let now = 1_000_000
  const take = limitRequests(limits, () => now)
  expect([take('a'), take('a')]).toEqual([0, 0])
  now += 20_000
  expect(take('a')).toBe(40)
  expect(take('b')).toBe(0)
  expect(take('c')).toBe(40)
  now += 40_000
  expect([take('a'), take('c')]).toEqual([0, 0])
})

test('counts an IPv6 network of one customer as one address', () => {
  const take = limitRequests(limits, () => 1_000_000)
  expect([take('2001:db8:1:2::1'), take('2001:db8:1:2:ffff::9'), take('2001:db8:1:2::3')]).toEqual([0, 0, 60])
  expect(take('2001:db8:1:3::1')).toBe(0)
})
