import type { z } from 'zod'
import { type EqualField, type EventFilter } from '../event-filter.ts'
import type { Histogram } from '../histogram.ts'
import type { Tally } from '../tally.ts'
import type {
  Group,
  listAnswer,
  listEntry,
  Measure,
  percentiles,
  QuestionReader,
  RangedFilter,
  stats,
} from './question.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** Numbers of a tally, as answers have them. */
export function describeTally(tally: Tally): z.output<typeof stats> {
  const { events, succeeded, partial, successRate, clientErrors, gatewayErrors, upstreamErrors, errorRate } = tally
  return { events, succeeded, partial, successRate, clientErrors, gatewayErrors, upstreamErrors, errorRate }
}

/** Percentiles of a duration, as answers have them. */
export function describePercentiles(histogram: Histogram): z.output<typeof percentiles> {
  return {
    count: histogram.count,
    p50Ms: histogram.percentile(0.5),
    p95Ms: histogram.percentile(0.95),
    p99Ms: histogram.percentile(0.99),
  }
}

/** How a drill-in says the value of a field: empty where events have none. */
export function filterFor(by: readonly EqualField[], key: Group['key']): EventFilter {
  return Object.fromEntries(by.map((field, index) => [field, key[index] ?? '']))
}

type Entry = z.output<typeof listEntry>

/** One entry of a list. */
function describeGroup(by: readonly EqualField[], { key, tally }: Group): Entry {
  const { p50Ms, p95Ms, p99Ms } = describePercentiles(tally.latency)
  const { bytesIn, bytesOut, resultTokens } = tally
  return {
    ...describeTally(tally),
    filter: filterFor(by, key),
    p50Ms,
    p95Ms,
    p99Ms,
    bytesIn,
    bytesOut,
    resultTokens,
  }
}

const sortValues = {
  events: ({ events }: Entry) => events,
  errors: ({ clientErrors, gatewayErrors, upstreamErrors }: Entry) => clientErrors + gatewayErrors + upstreamErrors,
  errorRate: ({ errorRate }: Entry) => errorRate ?? 0,
  p95: ({ p95Ms }: Entry) => p95Ms ?? 0,
  bytes: ({ bytesIn, bytesOut }: Entry) => bytesIn + bytesOut,
  resultTokens: ({ resultTokens }: Entry) => resultTokens,
}

export type ListOrder = keyof typeof sortValues

/** What a list reads of each event. */
const listMeasures: readonly Measure[] = ['latency', 'bytes', 'resultTokens']

/** The groups with most of something; of equals the one with most events, then by name, so that an answer does not change by itself. */
export async function listGroups(
  reader: QuestionReader,
  params: EventFilter & { readonly limit: number; readonly orderBy: ListOrder },
  by: readonly EqualField[],
  keep: (group: Group) => boolean = isNamed,
): Promise<z.output<typeof listAnswer>> {
  const { limit, orderBy, ...filter } = params
  const ranged = applyDefaults(filter, reader.nowMs)
  const groups = (await reader.group(ranged, { by, measures: listMeasures })).filter(keep)
  const valueOf = sortValues[orderBy]
  const items = groups
    .map((group) => describeGroup(by, group))
    .toSorted((a, b) => valueOf(b) - valueOf(a) || b.events - a.events || compareText(nameOf(a), nameOf(b)))
  return { filter: ranged, items: items.slice(0, limit), total: items.length }
}

const isNamed = ({ key }: Group) => key[0] !== null
const nameOf = ({ filter }: Entry) => JSON.stringify(filter)
const compareText = (left: string, right: string) => (left < right ? -1 : Number(left > right))

/** How finely a range is drawn: at most 120 stretches, none shorter than a minute. Milliseconds. */
export function chooseStretch({ sinceMs, untilMs }: RangedFilter): number {
  const choices = [1, 2, 5, 10, 30, 60, 120, 360, 720, 1440].map((minutes) => minutes * minuteMs)
  return choices.find((length) => (untilMs - sinceMs) / length <= 120) ?? 7 * dayMs
}

/**
 * Where nothing else was said: the last 24 hours, and what clients ask for (`traffic`). Times become whole minutes, the first down, the last up,
 * because minutes are what is counted.
 */
export function applyDefaults(filter: EventFilter, nowMs: number): RangedFilter {
  const untilMs = Math.ceil((filter.untilMs ?? nowMs + 1) / minuteMs) * minuteMs
  const sinceMs = Math.floor((filter.sinceMs ?? untilMs - dayMs) / minuteMs) * minuteMs
  const family = filter.family ?? (filter.type === undefined ? 'traffic' : undefined)
  return { ...filter, ...(family && { family }), sinceMs, untilMs }
}
