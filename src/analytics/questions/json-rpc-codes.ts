import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const jsonRpcCodes = defineQuestion({
  name: 'json-rpc-codes',
  summary: 'JSON-RPC error codes of answers.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['jsonRpcCode']),
})
