import { useNavigate } from '@tanstack/react-router'
import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import type { AnswerOf } from '../../../api/use-question.ts'
import { formatCount } from '../../../parts/format.ts'
import { nameOutcome } from '../../../parts/outcome-badge.tsx'
import { ChartLegend } from './chart-legend.tsx'
import { ChartTip } from './chart-tip.tsx'
import { fillStretches, formatTick } from './fill-stretches.ts'

type Answer = AnswerOf<'outcomes-over-time'>
type Outcome = keyof Answer['points'][number]['outcomes']

/** From the bottom of a bar to its top. */
const series: readonly { readonly outcome: Outcome; readonly color: string }[] = [
  { outcome: 'success', color: 'var(--chart-good)' },
  { outcome: 'partial', color: 'var(--chart-quiet)' },
  { outcome: 'cancelled', color: 'var(--edge)' },
  { outcome: 'connect_required', color: 'var(--accent)' },
  { outcome: 'denied', color: 'var(--chart-amber)' },
  { outcome: 'application_error', color: 'var(--chart-orange)' },
  { outcome: 'failure', color: 'var(--chart-bad)' },
]

/** How exchanges ended, as stacked bars over time. */
export default function OutcomesChart({ answer }: { readonly answer: Answer }) {
  const navigate = useNavigate()
  const { filter, everyMs, points } = answer
  const rows = fillStretches(answer, points, () => ({ outcomes: {} }))
  const shown = series.filter(({ outcome }) => points.some(({ outcomes }) => (outcomes[outcome] ?? 0) > 0))
  const total = points.reduce((sum, { outcomes }) => sum + Object.values(outcomes).reduce((a, b) => a + (b ?? 0), 0), 0)
  const open = (outcome: Outcome, timeMs: number) =>
    void navigate({ to: '/traffic', search: { ...filter, outcome, sinceMs: timeMs, untilMs: timeMs + everyMs } })
  return (
    <figure aria-label={`Outcomes over time: ${formatCount(total)} exchanges`} style={{ margin: 0, minWidth: 0 }}>
      <ResponsiveContainer width="100%" height={190}>
        <BarChart
          data={rows}
          margin={{ top: 4, right: 0, bottom: 0, left: -18 }}
          barCategoryGap={1}
          accessibilityLayer={false}
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
          <YAxis tick={tick} tickLine={false} axisLine={false} allowDecimals={false} tickFormatter={formatCount} />
          <Tooltip
            cursor={{ fill: 'var(--sunk)' }}
            isAnimationActive={false}
            content={(tip) => (
              <ChartTip
                timeMs={Number(tip.label)}
                lines={shown.map(({ outcome, color }) => ({
                  name: nameOutcome(outcome),
                  color,
                  value: rows.find((row) => row.timeMs === Number(tip.label))?.outcomes[outcome] ?? 0,
                }))}
                format={formatCount}
              />
            )}
          />
          {shown.map(({ outcome, color }) => (
            <Bar
              key={outcome}
              dataKey={(row: (typeof rows)[number]) => row.outcomes[outcome] ?? 0}
              stackId="outcomes"
              fill={color}
              isAnimationActive={false}
              cursor="pointer"
              onClick={(bar) => {
                const row = bar.payload as (typeof rows)[number] | undefined
                if (row) open(outcome, row.timeMs)
              }}
            />
          ))}
        </BarChart>
      </ResponsiveContainer>
      <ChartLegend entries={shown.map(({ outcome, color }) => ({ name: nameOutcome(outcome), color }))} />
    </figure>
  )
}

const tick = { fill: 'var(--soft)', fontSize: 11 }
