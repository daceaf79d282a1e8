import { SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { type ItemOf, useAdminPages } from '../../api/use-admin-pages.ts'
import { CopyText } from '../../parts/copy-text.tsx'
import { DataTable, type TableColumn } from '../../parts/data-table.tsx'
import { MoreButton } from '../../parts/more-button.tsx'
import { Panel } from '../../parts/panel.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { TimeAgo } from '../../parts/time-ago.tsx'
import { RemoveConnectionButton } from './remove-connection-button.tsx'

type Connection = ItemOf<'listConnections'>

const columns: readonly TableColumn<Connection>[] = [
  {
    id: 'owner',
    header: 'Whose',
    cell: ({ owner }) =>
      owner === null ? <span className="soft">serves everybody</span> : <CopyText text={owner} plain />,
    sortBy: ({ owner }) => owner ?? '',
  },
  { id: 'upstream', header: 'Upstream', cell: ({ upstream }) => upstream, sortBy: (row) => row.upstream },
  {
    id: 'state',
    header: 'State',
    cell: ({ state, stateReason }) =>
      state === 'connected' ? (
        <StatusBadge tone="good">Connected</StatusBadge>
      ) : (
        <span title={stateReason ?? ''}>
          <StatusBadge tone="attention">Connect again</StatusBadge>
        </span>
      ),
  },
  { id: 'kind', header: 'Kind', cell: ({ kind }) => (kind === 'oauth' ? 'Account' : 'API key'), wideOnly: true },
  { id: 'scopes', header: 'Scopes', cell: ({ scopes }) => <code>{scopes.join(' ')}</code>, wideOnly: true },
  {
    id: 'connected',
    header: 'Connected',
    cell: ({ connectedAt }) => <TimeAgo at={connectedAt} />,
    sortBy: (row) => row.connectedAt,
    wideOnly: true,
  },
  {
    id: 'expires',
    header: 'Token expires',
    cell: ({ tokenExpiresAt }) => <TimeAgo at={tokenExpiresAt} none="–" />,
    wideOnly: true,
  },
  { id: 'used', header: 'Last used', cell: ({ lastUsedAt }) => <TimeAgo at={lastUsedAt} />, wideOnly: true },
  {
    id: 'remove',
    header: 'Remove',
    hideHeader: true,
    cell: (connection) => <RemoveConnectionButton connection={connection} />,
    numeric: true,
  },
]

type Shown = 'all' | Connection['state']

/** Links of people, or of everybody, to upstreams. */
export function ConnectionsPanel() {
  const [shown, setShown] = useState<Shown>('all')
  const connections = useAdminPages('listConnections', { query: shown === 'all' ? {} : { state: shown } })
  return (
    <Panel
      title="Connections"
      summary="Accounts and keys that people, or administrators for everybody, linked. What is stored is sealed and never shown."
      flush
      actions={
        <SegmentedControl
          aria-label="State"
          value={shown}
          onChange={(value) => setShown(value)}
          data={[
            { value: 'all', label: 'All' },
            { value: 'connected', label: 'Connected' },
            { value: 'reconsent_required', label: 'To connect again' },
          ]}
        />
      }
    >
      <DataTable
        label="Connections"
        columns={columns}
        rows={connections.items}
        rowId={({ id }) => id}
        error={connections.error}
        onRetry={connections.retry}
        empty={
          <StateMessage kind="empty" icon="link" title={shown === 'all' ? 'Nobody is connected yet' : 'None of those'}>
            People connect when a call first needs it, or on their own page of connections.
          </StateMessage>
        }
      />
      <MoreButton pages={connections} />
    </Panel>
  )
}
