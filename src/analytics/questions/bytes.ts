import { z } from 'zod'
import { defineQuestion, filterParams } from './question.ts'
import { answerOfSums, sumOverTime } from './sums-over-time.ts'

export const bytes = defineQuestion({
  name: 'bytes',
  summary: 'Sizes of requests and answers, together and over time.',
  params: filterParams,
  answer: answerOfSums({
    bytesIn: z.number().describe('Sizes of the requests.'),
    bytesOut: z.number().describe('Sizes of the answers.'),
  }),
  ask: (reader, params) => sumOverTime(reader, params, 'bytes', ['bytesIn', 'bytesOut']),
})
