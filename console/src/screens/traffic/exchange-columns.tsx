import type { Exchange } from '../../api/event-filter.ts'
import type { TableColumn } from '../../parts/data-table.tsx'
import { formatClock, formatDateTime, formatMs } from '../../parts/format.ts'
import { OutcomeBadge } from '../../parts/outcome-badge.tsx'
import styles from './exchange-columns.module.css'

const dayMs = 86_400_000

/** What happened, in the words of the protocol, or else of the event. */
export function nameExchange({ capability, method, type }: Exchange): string {
  return capability ?? method ?? sayType(type)
}

/** `auth_token_issued` as `Token issued`. */
function sayType(type: string): string {
  const words = type.replace(/^(?:auth|mcp|admin)_/, '').replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The table of exchanges. */
export const exchangeColumns: readonly TableColumn<Exchange>[] = [
  {
    id: 'time',
    header: 'When',
    width: '96px',
    cell: ({ time }) => (
      <time className="tabular" dateTime={new Date(time).toISOString()} title={formatDateTime(time)}>
        {Date.now() - time < dayMs ? formatClock(time) : formatDateTime(time)}
      </time>
    ),
  },
  { id: 'outcome', header: 'Outcome', width: '136px', cell: ({ outcome }) => <OutcomeBadge outcome={outcome} /> },
  {
    id: 'what',
    header: 'What',
    maxWidth: '270px',
    cell: (exchange) => (
      <span className={styles['what']}>
        <strong>{nameExchange(exchange)}</strong>
        <span className="soft">{exchange.capability ? exchange.method : exchange.method && exchange.type}</span>
      </span>
    ),
  },
  { id: 'server', header: 'Virtual server', cell: ({ virtualServer }) => virtualServer, wideOnly: true },
  { id: 'subject', header: 'Who', cell: ({ subject }) => subject, maxWidth: '190px', wideOnly: true },
  {
    id: 'client',
    header: 'Client',
    cell: ({ clientName, clientId }) => clientName ?? clientId,
    maxWidth: '150px',
    wideOnly: true,
  },
  { id: 'latency', header: 'Latency', cell: ({ latencyMs }) => formatMs(latencyMs), numeric: true, width: '92px' },
  {
    id: 'reason',
    header: 'Reason',
    cell: ({ reason }) => reason && <code>{reason}</code>,
    maxWidth: '190px',
    wideOnly: true,
  },
]
