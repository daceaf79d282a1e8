import type { EventFilter } from '../../api/event-filter.ts'
import { type AnswerOf, useQuestion } from '../../api/use-question.ts'
import { formatCount, formatMs, formatShare } from '../../parts/format.ts'
import { Panel } from '../../parts/panel.tsx'
import { RowsLink } from '../../parts/rows-link.tsx'
import styles from './anomalies-panel.module.css'

type Item = AnswerOf<'anomalies'>['items'][number]

const metrics: {
  readonly [Metric in Item['metric']]: { readonly label: string; readonly format: (value: number) => string }
} = {
  events: { label: 'exchanges', format: formatCount },
  errorRate: { label: 'errors', format: formatShare },
  p95Ms: { label: 'p95', format: formatMs },
}

/** What is unlike the seven days before. */
export function AnomaliesPanel({ filter }: { readonly filter: EventFilter }) {
  // The last hour, whatever the span: a longer one hides what began just now.
  const { sinceMs: _, untilMs: __, ...narrowed } = filter
  const { data, error } = useQuestion('anomalies', narrowed)
  if (error) return null
  return (
    <Panel title="Unusual" summary="The last hour, against the seven days before.">
      {data?.items.length === 0 && <p className="soft">Nothing is unlike the days before.</p>}
      <ul className={styles['list']}>
        {data?.items.map((item) => {
          const { label, format } = metrics[item.metric]
          return (
            <li key={`${JSON.stringify(item.filter)} ${item.metric}`}>
              <strong>{Object.values(item.filter).join(' ')}</strong>
              <span>
                <RowsLink filter={{ ...data.filter, ...item.filter }}>
                  {format(item.value)} {label}
                </RowsLink>
                <span className="soft"> usually {format(item.usual)}</span>
              </span>
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}
