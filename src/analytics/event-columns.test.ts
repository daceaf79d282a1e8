import { expect, test } from 'vitest'
import { eventFields, type GatewayEvent, listValues, newEvent } from './event.ts'
import { eventColumns } from './event-columns.ts'

test('an event has its fields in the order of the columns, which is how they are written', () => {
  expect(Object.keys(newEvent('auth_signed_in', 1, 'r'))).toEqual(eventColumns.map(({ name }) => name))
})

test('there is a column for each declared field, with the type of the field', () => {
  expect(eventColumns.map(({ name }) => name)).toEqual(Object.keys(eventFields.shape))
  const typeOf = (name: string) => eventColumns.find((column) => column.name === name)
  expect(typeOf('time')).toMatchObject({ sqlType: 'integer', nullable: false })
  expect(typeOf('latencyMs')).toMatchObject({ sqlType: 'real', nullable: true })
  expect(typeOf('cached')).toMatchObject({ sqlType: 'integer', isBoolean: true })
  expect(typeOf('subject')).toMatchObject({ sqlType: 'text', nullable: true })
  expect(typeOf('reason')).toMatchObject({ sqlType: 'text', nullable: true })
})

test('values are listed in the order of the columns', () => {
  const named = Object.fromEntries(eventColumns.map(({ name }) => [name, name])) as unknown as GatewayEvent
  expect(listValues(named)).toEqual(eventColumns.map(({ name }) => name))
})
