import { z } from 'zod'
import { applyDefaults, chooseStretch, describePercentiles } from './describe-tally.ts'
import { answerBase, defineQuestion, filterParams, percentiles } from './question.ts'

export const latencyOverTime = defineQuestion({
  name: 'latency-over-time',
  summary: 'How long answers take over time, in the gateway and at the upstream.',
  params: filterParams,
  answer: answerBase.extend({
    everyMs: z.int().describe('Length of a stretch. Milliseconds.'),
    points: z
      .array(
        z.object({
          timeMs: z.int().describe('Where the stretch begins. Milliseconds since the epoch.'),
          total: percentiles,
          gateway: percentiles,
          upstream: percentiles,
        }),
      )
      .describe('Stretches without events are left out.'),
  }),
  async ask(reader, params) {
    const filter = applyDefaults(params, reader.nowMs)
    const everyMs = chooseStretch(filter)
    const groups = await reader.group(filter, { everyMs, measures: ['latency', 'gatewayLatency', 'upstreamLatency'] })
    const points = groups.map(({ timeMs, tally }) => ({
      timeMs,
      total: describePercentiles(tally.latency),
      gateway: describePercentiles(tally.gatewayLatency),
      upstream: describePercentiles(tally.upstreamLatency),
    }))
    return { filter, everyMs, points: points.toSorted((left, right) => left.timeMs - right.timeMs) }
  },
})
