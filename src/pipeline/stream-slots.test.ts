import { expect, it } from 'vitest'
import { StreamSlots } from './stream-slots.ts'

it('one person has 64 streams, whatever others have', () => {
  const slots = new StreamSlots()
  const taken = Array.from({ length: 64 }, () => slots.take('ada'))
  expect(taken.every((giveBack) => giveBack !== undefined)).toBe(true)
  expect(slots.take('ada')).toBeUndefined()
  expect(slots.take('bob')).toBeDefined()
  taken[0]?.()
  expect(slots.take('ada')).toBeDefined()
  expect(slots.take('ada')).toBeUndefined()
})
