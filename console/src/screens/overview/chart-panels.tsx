import { lazy, Suspense } from 'react'
import type { EventFilter } from '../../api/event-filter.ts'
import { useQuestion } from '../../api/use-question.ts'
import { Panel } from '../../parts/panel.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import styles from './chart-panels.module.css'

const OutcomesChart = lazy(() => import('./charts/outcomes-chart.tsx'))
const LatencyChart = lazy(() => import('./charts/latency-chart.tsx'))

/** How exchanges ended and how long they took, over time. */
export function ChartPanels({ filter }: { readonly filter: EventFilter }) {
  const outcomes = useQuestion('outcomes-over-time', filter)
  const latency = useQuestion('latency-over-time', filter)
  const loading = <StateMessage kind="loading" title="Drawing" />
  return (
    <>
      <Panel title="Outcomes" summary="Press a bar to see its exchanges.">
        <div className={styles['chart']}>
          <Suspense fallback={loading}>
            {outcomes.data ? <OutcomesChart answer={outcomes.data} /> : <Waiting error={outcomes.error} />}
          </Suspense>
        </div>
      </Panel>
      <Panel title="Latency p95" summary="Of all, and of that in the gateway and at the upstream.">
        <div className={styles['chart']}>
          <Suspense fallback={loading}>
            {latency.data ? <LatencyChart answer={latency.data} /> : <Waiting error={latency.error} />}
          </Suspense>
        </div>
      </Panel>
    </>
  )
}

function Waiting({ error }: { readonly error: Error | null }) {
  return error ? <StateMessage kind="error" error={error} /> : <StateMessage kind="loading" title="Counting" />
}
