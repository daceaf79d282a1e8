import { Select } from '@mantine/core'
import { useMemo, useState } from 'react'
import type { EventFilter } from '../../api/event-filter.ts'
import { type AnswerOf, type ListQuestion, useQuestion } from '../../api/use-question.ts'
import { DataTable } from '../../parts/data-table.tsx'
import { Panel } from '../../parts/panel.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { breakdowns } from './breakdowns.ts'
import { listEntryColumns } from './list-entry-columns.tsx'

interface BreakdownPanelProps {
  readonly filter: EventFilter
  /** Narrows the whole overview down to one entry. */
  readonly onNarrow: (part: EventFilter) => void
}

/** The same events, taken apart by one thing at a time. */
export function BreakdownPanel({ filter, onNarrow }: BreakdownPanelProps) {
  const [question, setQuestion] = useState<ListQuestion>('top-capabilities')
  const { data, error, refetch } = useQuestion(question, filter, { params: { limit: 20 } })
  const columns = useMemo(() => listEntryColumns(data?.filter ?? filter), [data, filter])
  return (
    <Panel
      title="Breakdown"
      summary="Press a row to narrow everything above down to it."
      flush
      actions={
        <Select
          aria-label="Taken apart by"
          data={breakdowns.map(({ group, items }) => ({ group, items: [...items] }))}
          value={question}
          onChange={(next) => next && setQuestion(next)}
          maxDropdownHeight={420}
          w={232}
        />
      }
    >
      <DataTable
        label="Breakdown"
        columns={columns}
        rows={data?.items}
        rowId={(entry: Entry) => JSON.stringify(entry.filter)}
        error={error}
        onRetry={() => void refetch()}
        onOpen={(entry) => onNarrow(entry.filter)}
        empty={
          <StateMessage kind="empty" icon="overview" title="Nothing to take apart">
            There is none of this in the time and with the conditions above.
          </StateMessage>
        }
      />
    </Panel>
  )
}

type Entry = AnswerOf<ListQuestion>['items'][number]
