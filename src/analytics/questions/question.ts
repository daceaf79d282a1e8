import { z } from 'zod'
import { type EqualField, type EventFilter, eventFilter } from '../event-filter.ts'
import type { Prices } from '../prices.ts'
import type { Tally } from '../tally.ts'

/** One group of events and what was counted of it. */
export interface Group {
  /** Values of the fields asked for, in their order. Null: events without one. */
  readonly key: readonly (string | number | null)[]
  /** Where its stretch of time begins; 0 where no stretches were asked for. Milliseconds since the epoch. */
  readonly timeMs: number
  readonly tally: Tally
}

/** What to count, and how to take it apart. */
export interface Grouping {
  readonly by?: readonly EqualField[]
  /** Length of the stretches of time, whole minutes. Milliseconds. */
  readonly everyMs?: number
  /** What is read besides numbers of events; each costs as much as a field. */
  readonly measures?: readonly Measure[]
}

export type Measure = 'latency' | 'gatewayLatency' | 'upstreamLatency' | 'bytes' | 'resultTokens'

/** What questions read: counts of events, whole minutes of them. */
export interface QuestionReader {
  readonly nowMs: number
  readonly prices: Prices
  /** Counts events that fit. Both times of the filter are whole minutes, see `applyDefaults`. */
  group(filter: RangedFilter, grouping: Grouping): Promise<readonly Group[]>
}

/** A filter with both its times. */
export type RangedFilter = EventFilter & { readonly sinceMs: number; readonly untilMs: number }

/** One question. Its file has its name. */
export interface Question<Params extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly summary: string
  readonly params: Params
  readonly answer: Answer
  ask(reader: QuestionReader, params: z.output<Params>): Promise<z.output<Answer>>
}

/** Only for its types: parameters and answer of `ask` follow from the declaration. */
export function defineQuestion<Params extends z.ZodType, Answer extends z.ZodType>(
  question: Question<Params, Answer>,
): Question<Params, Answer> {
  return question
}

/** Parameters of every question: the filter. */
export const filterParams = eventFilter

const limit = z.coerce.number().int().min(1).max(1000).default(10).describe('Most entries.')

/** Parameters of questions that list what there is most of. */
export const listParams = eventFilter.extend({
  limit,
  orderBy: z
    .enum(['events', 'errors', 'errorRate', 'p95', 'bytes', 'resultTokens'])
    .default('events')
    .describe('What comes first: the most of this.'),
})

/** Parameters of questions that compare tools. */
export const toolParams = listParams.omit({ orderBy: true }).extend({
  atLeast: z.coerce.number().int().min(1).default(5).describe('Tools that were called less often are left out.'),
})

/** What every answer has. */
export const answerBase = z.object({
  filter: eventFilter.describe(
    'Which events this is about: as asked, with defaults, whole minutes and a `minLatencyMs` where a bucket begins. Events listed by it are exactly those counted.',
  ),
})

/** Numbers of a set of events. */
export const stats = z.object({
  events: z.int().describe('Events.'),
  succeeded: z.int().describe('Of those, with outcome `success`.'),
  partial: z
    .int()
    .describe('Of those, with outcome `partial`: the upstream asked for more first, or the gateway for a sign-in.'),
  successRate: z.number().nullable().describe('Share of `succeeded` in those that are not `partial`, 0 to 1.'),
  clientErrors: z.int().describe('Failures that began at the client.'),
  gatewayErrors: z.int().describe('Failures that began in the gateway.'),
  upstreamErrors: z.int().describe('Failures that began at the upstream.'),
  errorRate: z.number().nullable().describe('Share of all three kinds of errors, 0 to 1.'),
})

const time = z.number().nullable()
/** Percentiles of a duration. */
export const percentiles = z
  .object({
    count: z.int().describe('Events that have this duration.'),
    p50Ms: time.describe('Median. Milliseconds.'),
    p95Ms: time.describe('95th percentile. Milliseconds.'),
    p99Ms: time.describe('99th percentile. Milliseconds.'),
  })
  .describe('Off by at most 0.8 %.')

/** One entry of a list. */
export const listEntry = stats.extend({
  filter: eventFilter.describe('Add it to the filter of the answer for the events of this entry.'),
  p50Ms: time.describe('Median of the latency. Milliseconds.'),
  p95Ms: time.describe('95th percentile of the latency. Milliseconds.'),
  p99Ms: time.describe('99th percentile of the latency. Milliseconds.'),
  bytesIn: z.number().describe('Sizes of the requests together.'),
  bytesOut: z.number().describe('Sizes of the answers together.'),
  resultTokens: z.number().describe('Estimated tokens of the results together.'),
})

/** Answer of questions that list. */
export const listAnswer = answerBase.extend({
  items: z.array(listEntry),
  total: z.int().describe('Entries there are, without the limit.'),
})
