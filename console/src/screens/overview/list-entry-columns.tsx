import type { EventFilter } from '../../api/event-filter.ts'
import type { AnswerOf, ListQuestion } from '../../api/use-question.ts'
import type { TableColumn } from '../../parts/data-table.tsx'
import { formatBytes, formatCount, formatMs, formatShare } from '../../parts/format.ts'
import { RowsLink } from '../../parts/rows-link.tsx'
import styles from './list-entry-columns.module.css'

type Entry = AnswerOf<ListQuestion>['items'][number]

/** The table of a breakdown. `filter` is of the whole answer: rows of an entry fit both. */
export function listEntryColumns(filter: EventFilter): readonly TableColumn<Entry>[] {
  const rowsOf = (entry: Entry): EventFilter => ({ ...filter, ...entry.filter })
  return [
    { id: 'name', header: 'Name', cell: (entry) => <EntryName entry={entry} />, sortBy: nameEntry },
    {
      id: 'events',
      header: 'Exchanges',
      cell: (entry) => <RowsLink filter={rowsOf(entry)}>{formatCount(entry.events)}</RowsLink>,
      sortBy: ({ events }) => events,
      numeric: true,
    },
    {
      id: 'client',
      header: 'Client err.',
      cell: (entry) => errors(entry.clientErrors, { ...rowsOf(entry), failureOrigin: 'client' }),
      sortBy: ({ clientErrors }) => clientErrors,
      numeric: true,
      wideOnly: true,
    },
    {
      id: 'gateway',
      header: 'Gateway err.',
      cell: (entry) => errors(entry.gatewayErrors, { ...rowsOf(entry), failureOrigin: 'gateway' }),
      sortBy: ({ gatewayErrors }) => gatewayErrors,
      numeric: true,
      wideOnly: true,
    },
    {
      id: 'upstream',
      header: 'Upstream err.',
      cell: (entry) => errors(entry.upstreamErrors, { ...rowsOf(entry), failureOrigin: 'upstream' }),
      sortBy: ({ upstreamErrors }) => upstreamErrors,
      numeric: true,
      wideOnly: true,
    },
    {
      id: 'rate',
      header: 'Error rate',
      cell: ({ errorRate }) => (errorRate === null ? '–' : formatShare(errorRate)),
      sortBy: ({ errorRate }) => errorRate ?? 0,
      numeric: true,
    },
    {
      id: 'p50',
      header: 'p50',
      cell: ({ p50Ms }) => formatMs(p50Ms),
      sortBy: ({ p50Ms }) => p50Ms ?? 0,
      numeric: true,
      wideOnly: true,
    },
    {
      id: 'p95',
      header: 'p95',
      cell: ({ p95Ms }) => formatMs(p95Ms),
      sortBy: ({ p95Ms }) => p95Ms ?? 0,
      numeric: true,
    },
    {
      id: 'bytes',
      header: 'Answered',
      cell: ({ bytesOut }) => formatBytes(bytesOut),
      sortBy: ({ bytesOut }) => bytesOut,
      numeric: true,
      wideOnly: true,
    },
    {
      id: 'tokens',
      header: 'Tokens',
      cell: ({ resultTokens }) => formatCount(resultTokens),
      sortBy: ({ resultTokens }) => resultTokens,
      numeric: true,
      wideOnly: true,
    },
  ]
}

function errors(count: number, filter: EventFilter) {
  return count === 0 ? <span className="soft">0</span> : <RowsLink filter={filter}>{formatCount(count)}</RowsLink>
}

/** The last member says what it is, those before where: a tool, of a virtual server. */
function EntryName({ entry }: { readonly entry: Entry }) {
  const values = Object.values(entry.filter).map((value) => (value === '' ? 'none' : String(value)))
  return (
    <span className={styles['name']}>
      <strong>{values.at(-1)}</strong>
      {values.length > 1 && <span className="soft">{values.slice(0, -1).join(' · ')}</span>}
    </span>
  )
}

function nameEntry({ filter }: Entry): string {
  return Object.values(filter).toReversed().join(' ')
}
