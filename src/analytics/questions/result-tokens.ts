import { z } from 'zod'
import { defineQuestion, filterParams } from './question.ts'
import { answerOfSums, sumOverTime } from './sums-over-time.ts'

export const resultTokens = defineQuestion({
  name: 'result-tokens',
  summary: 'Estimated tokens that results take of models, together and over time.',
  params: filterParams,
  answer: answerOfSums({
    resultTokens: z.number().describe('Estimated tokens: one for every four bytes of a result.'),
  }),
  ask: (reader, params) => sumOverTime(reader, params, 'resultTokens', ['resultTokens']),
})
