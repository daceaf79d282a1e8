import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const eventTypes = defineQuestion({
  name: 'event-types',
  summary: 'What happened, by event type.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['type']),
})
