import { z } from 'zod'
import { applyDefaults, chooseStretch } from './describe-tally.ts'
import { answerBase, defineQuestion, filterParams } from './question.ts'

const sizes = {
  resultTokens: z.number().describe('Estimated tokens: one for every four bytes of a result.'),
}

export const resultTokens = defineQuestion({
  name: 'result-tokens',
  summary: 'Estimated tokens that results take of models, together and over time.',
  params: filterParams,
  answer: answerBase.extend({
    ...sizes,
    everyMs: z.int().describe('Length of a stretch. Milliseconds.'),
    points: z
      .array(
        z.object({ timeMs: z.int().describe('Where the stretch begins. Milliseconds since the epoch.'), ...sizes }),
      )
      .describe('Stretches without events are left out.'),
  }),
  async ask(reader, params) {
    const filter = applyDefaults(params, reader.nowMs)
    const everyMs = chooseStretch(filter)
    const groups = await reader.group(filter, { everyMs, measures: ['resultTokens'] })
    const points = groups
      .map(({ timeMs, tally: { resultTokens } }) => ({ timeMs, resultTokens }))
      .toSorted((left, right) => left.timeMs - right.timeMs)
    return { filter, everyMs, points, resultTokens: sum(points.map((point) => point.resultTokens)) }
  },
})

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
