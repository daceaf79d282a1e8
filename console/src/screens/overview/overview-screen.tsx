import { SegmentedControl } from '@mantine/core'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useQuestion } from '../../api/use-question.ts'
import { FilterBar } from '../../parts/filter-bar/filter-bar.tsx'
import { Note } from '../../parts/note.tsx'
import { Screen } from '../../parts/screen.tsx'
import { AnomaliesPanel } from './anomalies-panel.tsx'
import { AttentionPanel } from './attention-panel.tsx'
import { BreakdownPanel } from './breakdown-panel.tsx'
import { ChartPanels } from './chart-panels.tsx'
import { CostPanel } from './cost-panel.tsx'
import { KeyFigures } from './key-figures.tsx'
import styles from './overview-screen.module.css'
import { readSpan, spans, useSpanFilter } from './span.ts'

const route = getRouteApi('/')

/** Rates, errors, latency, and what needs attention; narrowed down by whatever is pressed. */
export function OverviewScreen() {
  const { span, ...narrowed } = route.useSearch()
  const navigate = route.useNavigate()
  const filter = useSpanFilter(readSpan(span), narrowed)
  const { data: counts } = useQuestion('success-rate', filter)
  const isNarrowed = Object.keys(narrowed).length > 0
  const quiet = counts?.events === 0 && !isNarrowed
  return (
    <Screen
      title="Overview"
      summary="What clients asked for. Every number opens the exchanges behind it."
      actions={
        <SegmentedControl
          aria-label="Time"
          value={readSpan(span)}
          onChange={(next) => void navigate({ search: (before) => ({ ...before, span: readSpan(next) }) })}
          data={spans.map(({ value, label }) => ({ value, label }))}
        />
      }
    >
      <FilterBar
        filter={narrowed}
        withoutTime
        onChange={(next) => void navigate({ search: { ...next, ...(span && { span }) } })}
      />
      {quiet && (
        <Note tone="accent" title="No client asked for anything in this time">
          Open a <Link to="/virtual-servers">virtual server</Link> and connect an MCP client to it, or try one of its
          tools.
        </Note>
      )}
      <KeyFigures filter={filter} />
      <div className={styles['columns']}>
        <div className={styles['main']}>
          <ChartPanels filter={filter} />
        </div>
        <div className={styles['aside']}>
          <AttentionPanel />
          <AnomaliesPanel filter={filter} />
        </div>
      </div>
      <BreakdownPanel
        filter={filter}
        onNarrow={(part) => void navigate({ search: (before) => ({ ...before, ...part }) })}
      />
      <CostPanel filter={filter} />
    </Screen>
  )
}
