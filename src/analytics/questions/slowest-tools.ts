import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, toolParams } from './question.ts'

export const slowestTools = defineQuestion({
  name: 'slowest-tools',
  summary: 'Tools that take longest, by the 95th percentile.',
  params: toolParams,
  answer: listAnswer,
  ask: (reader, { atLeast, ...params }) =>
    listGroups(
      reader,
      { capabilityType: 'tool', ...params, orderBy: 'p95' },
      ['virtualServer', 'capability'],
      ({ key, tally }) => key[1] !== null && tally.latency.count >= atLeast,
    ),
})
