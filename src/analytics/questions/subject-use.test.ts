import { expect, it } from 'vitest'
import { noPrices } from '../prices.ts'
import type { Group, QuestionReader } from './question.ts'
import { subjectUse } from './subject-use.ts'

const group = (key: Group['key'], events: number) => ({ key, timeMs: 0, tally: { events } }) as unknown as Group
const groups = [
  group(['ada', 'core', 'tracker', 'claude'], 3),
  group(['ada', 'core', 'notes', 'claude'], 5),
  group(['ada', 'core', 'notes', 'cursor'], 1),
  group(['grace', null, 'tracker', null], 20),
  group([null, null, 'tracker', 'claude'], 100),
]
const reader: QuestionReader = { nowMs: Date.UTC(2026, 10, 20), prices: noPrices, group: async () => groups }

it('names what each subject uses, the most used first, and nobody who is not known', async () => {
  const { items, total } = await subjectUse.ask(reader, { limit: 10 })
  expect(items).toEqual([
    { filter: { subject: 'grace' }, events: 20, teams: [], virtualServers: ['tracker'], clientNames: [] },
    {
      filter: { subject: 'ada' },
      events: 9,
      teams: ['core'],
      virtualServers: ['notes', 'tracker'],
      clientNames: ['claude', 'cursor'],
    },
  ])
  expect(total).toBe(2)
})

it('counts those beyond the limit', async () => {
  const { items, total } = await subjectUse.ask(reader, { limit: 1 })
  expect([items.length, total]).toEqual([1, 2])
})
