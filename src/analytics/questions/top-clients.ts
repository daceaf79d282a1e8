import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const topClients = defineQuestion({
  name: 'top-clients',
  summary: 'MCP clients, by the name they give themselves.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['clientName']),
})
