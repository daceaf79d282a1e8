import { useEffect, useMemo, useState } from 'react'
import type { EventFilter } from '../../api/event-filter.ts'

const minuteMs = 60_000

/** How far back the overview looks, and how long a stretch of its charts is: where it begins, a stretch begins. */
export const spans = [
  { value: '1h', label: '1 hour', lengthMs: 60 * minuteMs, stretchMs: minuteMs },
  { value: '24h', label: '24 hours', lengthMs: 1440 * minuteMs, stretchMs: 30 * minuteMs },
  { value: '7d', label: '7 days', lengthMs: 7 * 1440 * minuteMs, stretchMs: 120 * minuteMs },
  { value: '30d', label: '30 days', lengthMs: 30 * 1440 * minuteMs, stretchMs: 720 * minuteMs },
] as const

export type Span = (typeof spans)[number]['value']

/** The span that a URL names, or 24 hours. */
export function readSpan(value: unknown): Span {
  return spans.find((span) => span.value === value)?.value ?? '24h'
}

/** The filter for the span that ends now. It moves on minute by minute, which is what is counted. */
export function useSpanFilter(span: Span, narrowed: EventFilter): EventFilter {
  const [minute, setMinute] = useState(() => Math.floor(Date.now() / minuteMs))
  useEffect(() => {
    const timer = setInterval(() => setMinute(Math.floor(Date.now() / minuteMs)), 15_000)
    return () => clearInterval(timer)
  }, [])
  const { lengthMs, stretchMs } = spans.find(({ value }) => value === span) ?? spans[1]
  const text = JSON.stringify(narrowed)
  return useMemo(() => {
    const untilMs = (minute + 1) * minuteMs
    const sinceMs = Math.floor((untilMs - lengthMs) / stretchMs) * stretchMs
    return { ...(JSON.parse(text) as EventFilter), sinceMs, untilMs }
  }, [minute, lengthMs, stretchMs, text])
}
