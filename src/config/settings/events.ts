import { z } from 'zod'
import { secretText } from './outgoing.ts'

const price = {
  perCall: z.number().min(0).default(0).describe('Price of a call that came to an end at the upstream.'),
  perMillionTokens: z
    .number()
    .min(0)
    .default(0)
    .describe('Price of a million estimated tokens of results: one for every four bytes.'),
}

const prices = z
  .strictObject({
    currency: z.string().min(1).max(10).default('USD').describe('Shown beside costs.'),
    ...price,
    tools: z
      .array(
        z.strictObject({
          virtualServer: z.string().min(1).optional().describe('Virtual server; every one if absent.'),
          capability: z.string().min(1).describe('Tool, prompt or resource; `*` stands for any text.'),
          ...price,
        }),
      )
      .default([])
      .describe('Prices of some tools. The first that fits counts instead of the general one.'),
  })
  .prefault({})
  .describe('What calls cost. Costs are computed when somebody asks: a new price also counts for the past.')

const postgres = z.strictObject({
  url: secretText.describe(
    '`postgres://user:password@host:5432/database?sslmode=verify-full`. Write $env(NAME). The user must be allowed to create tables.',
  ),
})

/** `events` of sallyport.jsonc. */
export const eventsSettings = z
  .strictObject({
    retentionDays: z.number().positive().default(30).describe('How long single events are kept. Days.'),
    rollUpDays: z
      .number()
      .positive()
      .default(400)
      .describe('How long numbers of events are kept, by minute; at least as long as the events. Days.'),
    bufferSize: z
      .int()
      .positive()
      .default(20_000)
      .describe('Most events waiting to be written; more are dropped and counted.'),
    flushMilliseconds: z.int().positive().default(500).describe('How often waiting events are written.'),
    durable: z
      .boolean()
      .default(false)
      .describe(
        'An answer is not finished before its event is on disk: whoever got the answer finds it, whatever happens. Costs the time of a write to disk for each call. Otherwise a crash loses at most the last `flushMilliseconds`.',
      ),
    store: z
      .enum(['sqlite', 'postgres'])
      .default('sqlite')
      .describe('`sqlite`: events.db beside the other files; `postgres`: a database that several gateways can share.'),
    postgres: postgres.optional().describe('The database of `"store": "postgres"`.'),
    prices,
  })
  .refine(({ store, postgres: database }) => store !== 'postgres' || database !== undefined, {
    error: '"postgres" needs events.postgres.url',
    path: ['store'],
  })
  .prefault({})
  .describe('Audit and analytics events.')
