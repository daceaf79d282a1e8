import { z } from 'zod'
import { eventFilter } from '../event-filter.ts'
import { Tally } from '../tally.ts'
import { applyDefaults } from './describe-tally.ts'
import { answerBase, defineQuestion, filterParams } from './question.ts'

const side = z.object({
  events: z.int(),
  rate: z.number().nullable().describe('Share of all events, 0 to 1.'),
  filters: z.array(eventFilter).describe('Each of them, added to the filter of the answer, has a part of the events.'),
})

export const errorSplit = defineQuestion({
  name: 'error-split',
  summary: 'Failures of clients, and failures of the gateway and of upstreams.',
  params: filterParams,
  answer: answerBase.extend({
    events: z.int().describe('All events.'),
    client: side.describe('What a client can change: bad tokens, bad arguments, limits.'),
    server: side.describe('What the operators of the gateway and of the upstreams can change.'),
  }),
  async ask(reader, params) {
    const filter = applyDefaults(params, reader.nowMs)
    const tally = (await reader.group(filter, {}))[0]?.tally ?? new Tally()
    const share = (events: number, origins: readonly ('client' | 'gateway' | 'upstream')[]) => ({
      events,
      rate: tally.events === 0 ? null : events / tally.events,
      filters: origins.map((failureOrigin) => ({ failureOrigin })),
    })
    return {
      filter,
      events: tally.events,
      client: share(tally.clientErrors, ['client']),
      server: share(tally.gatewayErrors + tally.upstreamErrors, ['gateway', 'upstream']),
    }
  },
})
