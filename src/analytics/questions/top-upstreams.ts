import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const topUpstreams = defineQuestion({
  name: 'top-upstreams',
  summary: 'Upstreams that are asked most.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['upstream']),
})
