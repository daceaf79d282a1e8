import { z } from 'zod'
import { type EqualField, eventFilter } from '../event-filter.ts'
import { createPriceList } from '../prices.ts'
import { applyDefaults, filterFor } from './describe-tally.ts'
import { answerBase, defineQuestion, type Group } from './question.ts'

export const cost = defineQuestion({
  name: 'cost',
  summary:
    'What tools, prompts and resources cost by the prices of the project, and whom. Calls through an aggregate count once: where the client called.',
  params: eventFilter.extend({
    by: z
      .enum(['subject', 'team', 'tenant', 'virtualServer', 'upstream', 'clientName', 'capability'])
      .default('subject')
      .describe('Whom it is attributed to.'),
    limit: z.coerce.number().int().min(1).max(1000).default(10).describe('Most entries.'),
  }),
  answer: answerBase.extend({
    currency: z.string(),
    total: z.number().describe('Cost of all, also of those beyond the limit.'),
    items: z.array(
      z.object({
        filter: eventFilter.describe('Add it to the filter of the answer for the events of this entry.'),
        calls: z.int().describe('Calls that have a price: those that came to an end at the upstream.'),
        resultTokens: z.number().describe('Estimated tokens of their results.'),
        cost: z.number(),
      }),
    ),
  }),
  async ask(reader, { by, limit, ...params }) {
    const filter = applyDefaults({ via: '', type: 'capability_completed', ...params }, reader.nowMs)
    const priced: readonly EqualField[] = reader.prices.tools.length === 0 ? [] : ['virtualServer', 'capability']
    const fields = [by, ...priced]
    const groups = await reader.group(filter, { by: fields, measures: ['resultTokens'] })
    const items = addUp(groups, createPriceList(reader.prices)).map(({ value, ...sums }) => ({
      filter: filterFor([by], [value]),
      ...sums,
    }))
    const total = items.reduce((sum, item) => sum + item.cost, 0)
    const costliest = items.toSorted((a, b) => b.cost - a.cost || b.calls - a.calls)
    return { filter, currency: reader.prices.currency, total, items: costliest.slice(0, limit) }
  },
})

interface Sums {
  readonly value: string | number | null
  calls: number
  resultTokens: number
  cost: number
}

function addUp(groups: readonly Group[], priceOf: ReturnType<typeof createPriceList>): Sums[] {
  const sums = new Map<string | number | null, Sums>()
  for (const { key, tally } of groups) {
    const [value = null, virtualServer, capability] = key
    const sum = sums.get(value) ?? { value, calls: 0, resultTokens: 0, cost: 0 }
    sums.set(value, sum)
    const { perCall, perMillionTokens } = priceOf(textOf(virtualServer), textOf(capability))
    sum.calls += tally.events
    sum.resultTokens += tally.resultTokens
    sum.cost += tally.events * perCall + (tally.resultTokens * perMillionTokens) / 1_000_000
  }
  return [...sums.values()]
}

const textOf = (value: string | number | null | undefined) => (typeof value === 'string' ? value : null)
