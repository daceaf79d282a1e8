import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const clientVersions = defineQuestion({
  name: 'client-versions',
  summary: 'MCP clients with their versions.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['clientName', 'clientVersion']),
})
