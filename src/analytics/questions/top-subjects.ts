import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const topSubjects = defineQuestion({
  name: 'top-subjects',
  summary: 'On whose behalf most is asked.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['subject']),
})
