import { Select } from '@mantine/core'
import { useMemo, useState } from 'react'
import type { EventFilter } from '../../api/event-filter.ts'
import { type AnswerOf, useQuestion } from '../../api/use-question.ts'
import { DataTable, type TableColumn } from '../../parts/data-table.tsx'
import { formatCount } from '../../parts/format.ts'
import { Panel } from '../../parts/panel.tsx'
import { RowsLink } from '../../parts/rows-link.tsx'

type Cost = AnswerOf<'cost'>
type Item = Cost['items'][number]

const owners = [
  { value: 'subject', label: 'People and consumers' },
  { value: 'team', label: 'Teams' },
  { value: 'tenant', label: 'Tenants' },
  { value: 'virtualServer', label: 'Virtual servers' },
  { value: 'capability', label: 'Tools' },
  { value: 'clientName', label: 'MCP clients' },
]

/** What calls cost, and whom, by the prices of the project. Nothing where it has none. */
export function CostPanel({ filter }: { readonly filter: EventFilter }) {
  const [by, setBy] = useState('subject')
  const { data } = useQuestion('cost', filter, { params: { by, limit: 10 } })
  const columns = useMemo(() => (data ? costColumns(data) : []), [data])
  if (!data || data.total === 0) return null
  return (
    <Panel
      title="Cost"
      summary={`${formatMoney(data.total, data.currency)} in this time, by the prices in the settings.`}
      flush
      actions={
        <Select aria-label="Attributed to" data={owners} value={by} onChange={(next) => setBy(next ?? by)} w={190} />
      }
    >
      <DataTable
        label="Cost"
        columns={columns}
        rows={data.items}
        rowId={({ filter: part }) => JSON.stringify(part)}
        empty={null}
      />
    </Panel>
  )
}

function costColumns({ filter, currency }: Cost): readonly TableColumn<Item>[] {
  return [
    { id: 'name', header: 'Whom', cell: (item) => <strong>{Object.values(item.filter).join(' ') || 'none'}</strong> },
    {
      id: 'calls',
      header: 'Calls',
      cell: (item) => <RowsLink filter={{ ...filter, ...item.filter }}>{formatCount(item.calls)}</RowsLink>,
      sortBy: ({ calls }) => calls,
      numeric: true,
    },
    {
      id: 'tokens',
      header: 'Tokens',
      cell: ({ resultTokens }) => formatCount(resultTokens),
      sortBy: ({ resultTokens }) => resultTokens,
      numeric: true,
    },
    {
      id: 'cost',
      header: 'Cost',
      cell: ({ cost }) => formatMoney(cost, currency),
      sortBy: ({ cost }) => cost,
      numeric: true,
    },
  ]
}

function formatMoney(amount: number, currency: string): string {
  const digits = amount < 1 ? 4 : 2
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency, maximumFractionDigits: digits }).format(amount)
  } catch {
    // The settings may name a unit of their own.
    return `${amount.toFixed(digits)} ${currency}`
  }
}
