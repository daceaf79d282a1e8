import { z } from 'zod'
import { applyDefaults, chooseStretch } from './describe-tally.ts'
import { answerBase, defineQuestion, filterParams } from './question.ts'

const sizes = {
  bytesIn: z.number().describe('Sizes of the requests.'),
  bytesOut: z.number().describe('Sizes of the answers.'),
}

export const bytes = defineQuestion({
  name: 'bytes',
  summary: 'Sizes of requests and answers, together and over time.',
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
    const groups = await reader.group(filter, { everyMs, measures: ['bytes'] })
    const points = groups
      .map(({ timeMs, tally: { bytesIn, bytesOut } }) => ({ timeMs, bytesIn, bytesOut }))
      .toSorted((left, right) => left.timeMs - right.timeMs)
    return {
      filter,
      everyMs,
      points,
      bytesIn: sum(points.map((point) => point.bytesIn)),
      bytesOut: sum(points.map((point) => point.bytesOut)),
    }
  },
})

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
