import { listGroups } from './describe-tally.ts'
import { defineQuestion, listAnswer, listParams } from './question.ts'

export const topCapabilities = defineQuestion({
  name: 'top-capabilities',
  summary: 'Tools, prompts and resources that are used most.',
  params: listParams,
  answer: listAnswer,
  ask: (reader, params) =>
    listGroups(reader, params, ['virtualServer', 'capabilityType', 'capability'], ({ key }) => key[2] !== null),
})
