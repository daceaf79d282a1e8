import { z } from 'zod'
import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const failingTools = defineQuestion({
  name: 'failing-tools',
  summary: 'Tools that fail most often, by the share of their calls that failed.',
  params: listParams.omit({ orderBy: true }).extend({
    atLeast: z.coerce.number().int().min(1).default(5).describe('Tools that were called less often are left out.'),
  }),
  answer: listAnswer,
  ask: (reader, { atLeast, ...params }) =>
    listGroups(
      reader,
      { capabilityType: 'tool', ...params, orderBy: 'errorRate' },
      ['virtualServer', 'capability'],
      ({ key, tally }) => key[1] !== null && tally.events >= atLeast && tally.errors > 0,
    ),
})
