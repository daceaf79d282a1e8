import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, toolParams } from './question.ts'

export const failingTools = defineQuestion({
  name: 'failing-tools',
  summary: 'Tools that fail most often, by the share of their calls that failed.',
  params: toolParams,
  answer: listAnswer,
  ask: (reader, { atLeast, ...params }) =>
    listGroups(
      reader,
      { capabilityType: 'tool', ...params, orderBy: 'errorRate' },
      ['virtualServer', 'capability'],
      ({ key, tally }) => key[1] !== null && tally.events >= atLeast && tally.errors > 0,
    ),
})
