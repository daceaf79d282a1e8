import { z } from 'zod'
import { type EventFilter, eventFilter } from '../event-filter.ts'
import type { Tally } from '../tally.ts'
import { applyDefaults, filterFor } from './describe-tally.ts'
import { answerBase, defineQuestion, type Group } from './question.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const baselineMs = 7 * dayMs
/** Longest time that is compared: with a longer one, seven days hold too few others. */
const maxWindowMs = 12 * 60 * minuteMs

const metrics = ['events', 'errorRate', 'p95Ms'] as const
type Metric = (typeof metrics)[number]

/** A stretch with fewer events says nothing about shares and percentiles. */
const atLeastEvents = 20
/** What is less far off in absolute terms is nobody's business. */
const leastChange: { readonly [metric in Metric]: number } = { events: 50, errorRate: 0.02, p95Ms: 50 }

export const anomalies = defineQuestion({
  name: 'anomalies',
  summary:
    'What is unusual: numbers of events, shares of errors and latencies of virtual servers in the range asked for (the last hour; at most 12 hours), against as long stretches of the seven days before.',
  params: eventFilter.extend({
    by: z.enum(['virtualServer', 'upstream', 'capability', 'tenant', 'clientName', 'subject']).default('virtualServer'),
    threshold: z.coerce
      .number()
      .min(1)
      .default(4)
      .describe('How many of its usual deviations something must be off (by median and median absolute deviation).'),
    limit: z.coerce.number().int().min(1).max(1000).default(20).describe('Most entries.'),
  }),
  answer: answerBase.extend({
    baseline: z.object({ sinceMs: z.int(), untilMs: z.int() }).describe('What it was compared with.'),
    items: z.array(
      z.object({
        filter: eventFilter.describe('Add it to the filter of the answer for the events of this entry.'),
        metric: z.enum(metrics),
        value: z.number().describe('In the range.'),
        usual: z.number().describe('Median of the baseline.'),
        score: z.number().describe('How many of its usual deviations it is off; negative: less than usual.'),
      }),
    ),
  }),
  async ask(reader, { by, threshold, limit, ...params }) {
    const windowParams: EventFilter = {
      ...params,
      sinceMs: params.sinceMs ?? (params.untilMs ?? reader.nowMs) - 60 * minuteMs,
    }
    const asked = applyDefaults(windowParams, reader.nowMs)
    const filter = { ...asked, sinceMs: Math.max(asked.sinceMs, asked.untilMs - maxWindowMs) }
    const windowMs = filter.untilMs - filter.sinceMs
    const stretches = Math.floor(baselineMs / windowMs)
    const baseline = { sinceMs: filter.sinceMs - stretches * windowMs, untilMs: filter.sinceMs }
    const [now, before] = await Promise.all([
      reader.group(filter, { by: [by], measures: ['latency'] }),
      reader.group({ ...filter, ...baseline }, { by: [by], everyMs: windowMs, measures: ['latency'] }),
    ])
    const usual = Map.groupBy(before, nameOf)
    const current = new Map(now.map((group) => [nameOf(group), group]))
    const items = [...new Set([...usual.keys(), ...current.keys()])].flatMap((name) => {
      const earlier = usual.get(name) ?? []
      const key = (current.get(name) ?? earlier[0])?.key ?? []
      const deviations = compare(
        current.get(name)?.tally,
        earlier.map(({ tally }) => tally),
        stretches,
      )
      return deviations.map((deviation) => ({ filter: filterFor([by], key), ...deviation }))
    })
    const unusual = items.filter(({ score }) => Math.abs(score) >= threshold)
    const worstFirst = unusual.toSorted((a, b) => Math.abs(b.score) - Math.abs(a.score))
    return { filter, baseline, items: worstFirst.slice(0, limit) }
  },
})

const nameOf = ({ key }: Group) => JSON.stringify(key)

interface Deviation {
  readonly metric: Metric
  readonly value: number
  readonly usual: number
  readonly score: number
}

/** Compares a stretch with earlier ones. Of those, the ones without any events are only counted: they are zeros. */
function compare(now: Tally | undefined, earlier: readonly Tally[], stretches: number): Deviation[] {
  const silent = Array<number>(Math.max(stretches - earlier.length, 0)).fill(0)
  const enough = (tally: Tally | undefined) => tally !== undefined && tally.events >= atLeastEvents
  const busy = earlier.filter(enough)
  const measured = enough(now) && now
  const samples: [Metric, number | null, readonly number[]][] = [
    ['events', now?.events ?? 0, [...silent, ...earlier.map(({ events }) => events)]],
  ]
  if (measured) {
    samples.push(['errorRate', measured.errorRate, busy.map(({ errorRate }) => errorRate ?? 0)])
    samples.push([
      'p95Ms',
      measured.latency.percentile(0.95),
      busy.flatMap(({ latency }) => latency.percentile(0.95) ?? []),
    ])
  }
  return samples.flatMap(([metric, value, usual]) => (value === null ? [] : deviate(metric, value, usual)))
}

/** Median and median absolute deviation stand up to what was already unusual within the seven days. */
function deviate(metric: Metric, value: number, samples: readonly number[]): Deviation[] {
  if (samples.length < 6) return []
  const usual = median(samples)
  const change = value - usual
  if (Math.abs(change) < leastChange[metric]) return []
  // 1.4826 makes it the standard deviation of what is normally distributed. Nothing varies by less than a tenth of what must change.
  const spread = 1.4826 * median(samples.map((sample) => Math.abs(sample - usual)))
  return [{ metric, value, usual, score: change / Math.max(spread, leastChange[metric] / 10) }]
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = 0, high = 0] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  return (low + high) / 2
}
