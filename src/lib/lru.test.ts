import { expect, test } from 'vitest'
import { Lru } from './lru.ts'

test('the entry that was not used for longest makes room', () => {
  const lru = new Lru<string, number>(2)
  lru.set('a', 1).set('b', 2)
  expect(lru.get('a')).toBe(1)
  lru.set('c', 3)
  expect([...lru.keys()].sort()).toEqual(['a', 'c'])
})

test('entries may be limited by what their sizes add up to', () => {
  const lru = new Lru<string, string>(10, { sizeCalculation: (value) => value.length })
  lru.set('a', '123456').set('b', '1234').set('c', '1')
  expect([...lru.keys()].sort()).toEqual(['b', 'c'])
})

test('room for a million entries costs nothing before they are there', () => {
  const before = process.memoryUsage()
  const kept = Array.from({ length: 20 }, () => new Lru<string, number>(1_000_000))
  const after = process.memoryUsage()
  expect(kept).toHaveLength(20)
  expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(20_000_000)
})
