import { expect, test } from 'vitest'
import { newEvent } from './event.ts'
import { contextColumns, eventColumns, listValues, ownColumns, readEvent } from './event-columns.ts'

test('an event has its fields in the order of the columns, which is how they are written', () => {
  expect(Object.keys(newEvent('auth_signed_in', 1, 'r'))).toEqual(eventColumns.map(({ name }) => name))
})

test('each column is in one of the two tables', () => {
  expect([...ownColumns, ...contextColumns]).toHaveLength(eventColumns.length)
  expect(new Set([...ownColumns, ...contextColumns])).toEqual(new Set(eventColumns))
})

test('what is listed is read back as it was', () => {
  const event = { ...newEvent('auth_signed_in', 1, 'r'), subject: 'ada', cached: true, latencyMs: 1.5 }
  const values = listValues(event)
  const row = Object.fromEntries(eventColumns.map(({ name }, place) => [name, values[place] ?? null]))
  expect(readEvent(row)).toEqual(event)
  expect(row.cached).toBe(1)
})
