import { expect, test } from 'vitest'
import { createEventId, findEventTime } from './event-id.ts'

test('an id is 32 hexadecimal characters, which tell its time', () => {
  for (const time of [0, 1, 1_795_000_000_123.9, 2 ** 24 - 1, 2 ** 24, 1, 2 ** 48 - 1]) {
    const id = createEventId(time)
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(findEventTime(id)).toBe(Math.floor(time))
  }
  expect(findEventTime(createEventId(-5))).toBe(0)
})

test('no two are the same, within a millisecond or without', () => {
  const ids = Array.from({ length: 100_000 }, (_, index) => createEventId(Math.floor(index / 1000)))
  expect(new Set(ids).size).toBe(ids.length)
})
