import { z } from 'zod'
import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const slowestTools = defineQuestion({
  name: 'slowest-tools',
  summary: 'Tools that take longest, by the 95th percentile.',
  params: listParams.omit({ orderBy: true }).extend({
    atLeast: z.coerce.number().int().min(1).default(5).describe('Tools that were called less often are left out.'),
  }),
  answer: listAnswer,
  ask: (reader, { atLeast, ...params }) =>
    listGroups(
      reader,
      { capabilityType: 'tool', ...params, orderBy: 'p95' },
      ['virtualServer', 'capability'],
      ({ key, tally }) => key[1] !== null && tally.latency.count >= atLeast,
    ),
})
