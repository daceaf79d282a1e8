import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const reasonCodes = defineQuestion({
  name: 'reason-codes',
  summary: 'Reasons of refusals and failures.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['reason']),
})
