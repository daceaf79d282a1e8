import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const topVirtualServers = defineQuestion({
  name: 'top-virtual-servers',
  summary: 'Virtual servers that are asked most.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['virtualServer']),
})
