import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const protocolEras = defineQuestion({
  name: 'protocol-eras',
  summary: 'Protocol revisions, between client and gateway and between gateway and upstream.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['clientProtocol', 'upstreamProtocol']),
})
