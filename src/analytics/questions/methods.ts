import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const methods = defineQuestion({
  name: 'methods',
  summary: 'JSON-RPC methods.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['method']),
})
