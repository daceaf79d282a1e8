import { expect, test } from 'vitest'
import { contextColumns, eventColumns, ownColumns } from './event-columns.ts'
import { planEventTables } from './event-tables.ts'

const namesOf = (columns: readonly { readonly name: string }[]) => columns.map(({ name }) => name)
const tables = [
  ['event_contexts', ['context_id', 'created_ms', ...namesOf(contextColumns)]],
  ['event_rows', ['row_id', 'context_id', ...namesOf(ownColumns)]],
] as const
const changesOfView = (there: readonly string[] | undefined) => {
  const present = new Map<string, readonly string[]>(tables)
  if (there) present.set('events', there)
  return planEventTables('postgres', present).filter((statement) => / view /.test(statement))
}

test('the view is made where there is none, and made anew where it is of another version', () => {
  const current = ['row_id', 'context_id', ...namesOf(eventColumns)]
  expect(changesOfView(current)).toEqual([])
  expect(changesOfView(undefined)).toEqual([expect.stringMatching(/^create view events /)])
  expect(changesOfView(current.slice(0, -1))).toEqual(['drop view events', expect.stringMatching(/^create view /)])
})

test('what somebody else calls "events" in a shared database is left alone', () => {
  expect(() => changesOfView(['id', 'title', 'starts_at'])).toThrow('a database or schema of its own')
})
