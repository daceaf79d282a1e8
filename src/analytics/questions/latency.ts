import { Tally } from '../tally.ts'
import { applyDefaults, describePercentiles } from './describe-tally.ts'
import { answerBase, defineQuestion, filterParams, percentiles } from './question.ts'

export const latency = defineQuestion({
  name: 'latency',
  summary: 'How long answers take, in the gateway and at the upstream.',
  params: filterParams,
  answer: answerBase.extend({
    total: percentiles.describe(
      'From the first byte of the request to the last byte of the answer. Off by at most 0.8 %.',
    ),
    gateway: percentiles.describe('Of that, in the gateway. Off by at most 0.8 %.'),
    upstream: percentiles.describe(
      'Of that, waiting for the upstream; only where one was asked. Off by at most 0.8 %.',
    ),
  }),
  async ask(reader, params) {
    const filter = applyDefaults(params, reader.nowMs)
    const groups = await reader.group(filter, { measures: ['latency', 'gatewayLatency', 'upstreamLatency'] })
    const tally = groups[0]?.tally ?? new Tally()
    return {
      filter,
      total: describePercentiles(tally.latency),
      gateway: describePercentiles(tally.gatewayLatency),
      upstream: describePercentiles(tally.upstreamLatency),
    }
  },
})
