import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const topTenants = defineQuestion({
  name: 'top-tenants',
  summary: 'Tenants that ask most.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['tenant']),
})
