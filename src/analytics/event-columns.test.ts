import { expect, test } from 'vitest'
import { newEvent } from './event.ts'
import { eventColumns } from './event-columns.ts'

test('an event has its fields in the order of the columns, which is how they are written', () => {
  expect(Object.keys(newEvent('auth_signed_in', 1, 'r'))).toEqual(eventColumns.map(({ name }) => name))
})
