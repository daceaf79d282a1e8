import type { ReactNode } from 'react'
import type { EventFilter } from '../../api/event-filter.ts'
import { type AnswerOf, useQuestion } from '../../api/use-question.ts'
import { ErrorNote } from '../../parts/error-note.tsx'
import { formatCount, formatMs, formatShare } from '../../parts/format.ts'
import { RowsLink } from '../../parts/rows-link.tsx'
import styles from './key-figures.module.css'

/** The numbers that say how it goes. */
export function KeyFigures({ filter }: { readonly filter: EventFilter }) {
  const counts = useQuestion('success-rate', filter)
  const latency = useQuestion('latency', filter)
  const asked = counts.data?.filter ?? filter
  return (
    <>
      <ErrorNote error={counts.error ?? latency.error} />
      <ul className={styles['figures']} aria-label="Key figures" aria-busy={counts.isPending}>
        <Figure label="Exchanges" value={count(asked, counts.data?.events)}>
          {counts.data && counts.data.partial > 0 && `${formatCount(counts.data.partial)} asked for more first`}
        </Figure>
        <Figure label="Success rate" tone={toneOf(counts.data)} value={share(asked, counts.data)}>
          {counts.data && `${formatCount(counts.data.succeeded)} succeeded`}
        </Figure>
        <Figure label="Client errors" value={count({ ...asked, failureOrigin: 'client' }, counts.data?.clientErrors)}>
          What clients can change
        </Figure>
        <Figure
          label="Server errors"
          value={
            counts.data ? (
              <>
                <RowsLink filter={{ ...asked, failureOrigin: 'gateway' }} label="gateway errors">
                  {formatCount(counts.data.gatewayErrors)}
                </RowsLink>
                <span className={styles['plus']}> + </span>
                <RowsLink filter={{ ...asked, failureOrigin: 'upstream' }} label="upstream errors">
                  {formatCount(counts.data.upstreamErrors)}
                </RowsLink>
              </>
            ) : undefined
          }
        >
          Gateway + upstream
        </Figure>
        <Figure label="Latency p95" value={slowest(asked, latency.data)}>
          {latency.data &&
            `Gateway ${formatMs(latency.data.gateway.p95Ms)} · upstream ${formatMs(latency.data.upstream.p95Ms)}`}
        </Figure>
      </ul>
    </>
  )
}

interface FigureProps {
  readonly label: string
  /** Undefined: not known yet. */
  readonly value: ReactNode
  readonly tone?: 'bad' | undefined
  readonly children?: ReactNode
}

function Figure({ label, value, tone, children }: FigureProps) {
  return (
    <li className={styles['figure']} data-tone={tone}>
      <span className={styles['label']}>{label}</span>
      <span className={styles['value']}>{value ?? <span className={styles['waiting']}>…</span>}</span>
      <span className={styles['note']}>{children || ' '}</span>
    </li>
  )
}

function count(filter: EventFilter, value: number | undefined): ReactNode {
  return value === undefined ? undefined : <RowsLink filter={filter}>{formatCount(value)}</RowsLink>
}

function share(filter: EventFilter, counts: AnswerOf<'success-rate'> | undefined): ReactNode {
  if (!counts) return undefined
  if (counts.successRate === null) return <span className="soft">–</span>
  return <RowsLink filter={{ ...filter, outcome: 'success' }}>{formatShare(counts.successRate)}</RowsLink>
}

function slowest(filter: EventFilter, latency: AnswerOf<'latency'> | undefined): ReactNode {
  const p95Ms = latency?.total.p95Ms
  if (!latency) return undefined
  if (p95Ms === null || p95Ms === undefined) return <span className="soft">–</span>
  return <RowsLink filter={{ ...filter, minLatencyMs: Math.floor(p95Ms) }}>{formatMs(p95Ms)}</RowsLink>
}

function toneOf(counts: AnswerOf<'success-rate'> | undefined): 'bad' | undefined {
  return counts?.successRate !== null && counts !== undefined && counts.successRate < 0.95 ? 'bad' : undefined
}
