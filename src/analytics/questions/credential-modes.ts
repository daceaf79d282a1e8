import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const credentialModes = defineQuestion({
  name: 'credential-modes',
  summary: 'Whose credential the upstream saw.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) => listGroups(reader, params, ['credentialMode']),
})
