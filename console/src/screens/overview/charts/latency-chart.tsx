import { useNavigate } from '@tanstack/react-router'
import { CartesianGrid, Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import type { AnswerOf } from '../../../api/use-question.ts'
import { formatMs } from '../../../parts/format.ts'
import { ChartLegend } from './chart-legend.tsx'
import { ChartTip } from './chart-tip.tsx'
import { fillStretches, formatTick } from './fill-stretches.ts'

type Answer = AnswerOf<'latency-over-time'>

const series = [
  { part: 'total', name: 'Total', color: 'var(--ink)' },
  { part: 'upstream', name: 'Upstream', color: 'var(--chart-quiet)' },
  { part: 'gateway', name: 'Gateway', color: 'var(--accent)' },
] as const

const none = { count: 0, p50Ms: null, p95Ms: null, p99Ms: null }

/** The 95th percentile over time, of all and of its parts. */
export default function LatencyChart({ answer }: { readonly answer: Answer }) {
  const navigate = useNavigate()
  const { filter, everyMs, points } = answer
  const rows = fillStretches(answer, points, () => ({ total: none, gateway: none, upstream: none }))
  // One point alone makes no line.
  const dot = points.length < 40 ? { r: 2 } : false
  const open = (timeMs: number) =>
    void navigate({ to: '/traffic', search: { ...filter, sinceMs: timeMs, untilMs: timeMs + everyMs } })
  return (
    <figure aria-label="95th percentile of the latency over time" style={{ margin: 0, minWidth: 0 }}>
      <ResponsiveContainer width="100%" height={190}>
        <LineChart
          data={rows}
          margin={{ top: 4, right: 4, bottom: 0, left: -6 }}
          accessibilityLayer={false}
          onClick={({ activeLabel }) => activeLabel !== undefined && open(Number(activeLabel))}
        >
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis
            dataKey="timeMs"
            tickFormatter={(timeMs: number) => formatTick(timeMs, everyMs)}
            tick={tick}
            tickLine={false}
            axisLine={{ stroke: 'var(--line)' }}
            minTickGap={44}
          />
          <YAxis
            tick={tick}
            tickLine={false}
            axisLine={false}
            tickFormatter={(value: number) => (value >= 1000 ? `${value / 1000} s` : `${value} ms`)}
          />
          <Tooltip
            cursor={{ stroke: 'var(--edge)' }}
            isAnimationActive={false}
            content={(tip) => (
              <ChartTip
                timeMs={Number(tip.label)}
                lines={series.map(({ part, name, color }) => ({
                  name,
                  color,
                  value: rows.find((row) => row.timeMs === Number(tip.label))?.[part].p95Ms ?? null,
                }))}
                format={formatMs}
              />
            )}
          />
          {series.map(({ part, color }) => (
            <Line
              key={part}
              dataKey={(row: (typeof rows)[number]) => row[part].p95Ms}
              stroke={color}
              strokeWidth={1.6}
              dot={dot && { ...dot, fill: color, stroke: color }}
              isAnimationActive={false}
            />
          ))}
        </LineChart>
      </ResponsiveContainer>
      <ChartLegend entries={series} />
    </figure>
  )
}

const tick = { fill: 'var(--soft)', fontSize: 11 }
