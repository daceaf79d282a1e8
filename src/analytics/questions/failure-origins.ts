import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const failureOrigins = defineQuestion({
  name: 'failure-origins',
  summary: 'Where failures began.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['failureOrigin']),
})
