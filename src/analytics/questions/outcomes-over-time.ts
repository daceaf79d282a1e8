import { z } from 'zod'
import { eventFields } from '../event.ts'
import { applyDefaults, chooseStretch } from './describe-tally.ts'
import { answerBase, defineQuestion, filterParams } from './question.ts'

export const outcomesOverTime = defineQuestion({
  name: 'outcomes-over-time',
  summary: 'How events ended, over time.',
  params: filterParams,
  answer: answerBase.extend({
    everyMs: z.int().describe('Length of a stretch. Milliseconds.'),
    points: z
      .array(
        z.object({
          timeMs: z.int().describe('Where the stretch begins. Milliseconds since the epoch.'),
          outcomes: z.partialRecord(eventFields.shape.outcome, z.int()).describe('Events by outcome.'),
        }),
      )
      .describe('Stretches without events are left out.'),
  }),
  async ask(reader, params) {
    const filter = applyDefaults(params, reader.nowMs)
    const everyMs = chooseStretch(filter)
    const points = new Map<number, Record<string, number>>()
    for (const { key, timeMs, tally } of await reader.group(filter, { by: ['outcome'], everyMs })) {
      const outcomes = points.get(timeMs) ?? {}
      points.set(timeMs, outcomes)
      outcomes[String(key[0])] = tally.events
    }
    const inOrder = [...points].toSorted(([left], [right]) => left - right)
    return { filter, everyMs, points: inOrder.map(([timeMs, outcomes]) => ({ timeMs, outcomes })) }
  },
})
