import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const topTeams = defineQuestion({
  name: 'top-teams',
  summary: 'Teams whose people ask most.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['team']),
})
