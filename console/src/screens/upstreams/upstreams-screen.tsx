import { getRouteApi } from '@tanstack/react-router'
import { useAdmin } from '../../api/use-admin.ts'
import { type ItemOf } from '../../api/use-admin-pages.ts'
import { DataTable, type TableColumn } from '../../parts/data-table.tsx'
import { formatCount } from '../../parts/format.ts'
import { Panel } from '../../parts/panel.tsx'
import { RowsLink } from '../../parts/rows-link.tsx'
import { Screen } from '../../parts/screen.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { TimeAgo } from '../../parts/time-ago.tsx'
import { ConnectionsPanel } from './connections-panel.tsx'
import { HealthBadge } from './health-badge.tsx'
import { UpstreamDrawer } from './upstream-drawer.tsx'

type Upstream = ItemOf<'listUpstreams'>

const route = getRouteApi('/upstreams')

const columns: readonly TableColumn<Upstream>[] = [
  {
    id: 'name',
    header: 'Upstream',
    cell: ({ displayName }) => <strong>{displayName}</strong>,
    sortBy: (row) => row.displayName,
  },
  { id: 'health', header: 'Health', cell: ({ health }) => <HealthBadge state={health.state} /> },
  { id: 'host', header: 'Host', cell: ({ host }) => <code>{host}</code>, wideOnly: true },
  {
    id: 'credential',
    header: 'Credential',
    cell: ({ credentialMode }) => credentialMode ?? 'none brokered',
    wideOnly: true,
  },
  { id: 'servers', header: 'Virtual servers', cell: ({ virtualServers }) => virtualServers.join(', '), wideOnly: true },
  {
    id: 'connections',
    header: 'Connected',
    cell: ({ connections }) => formatCount(connections.connected),
    sortBy: (row) => row.connections.connected,
    numeric: true,
    wideOnly: true,
  },
  {
    id: 'calls',
    header: 'Calls',
    cell: ({ health, host }) => <RowsLink filter={{ upstream: host }}>{formatCount(health.calls)}</RowsLink>,
    sortBy: (row) => row.health.calls,
    numeric: true,
  },
  {
    id: 'failures',
    header: 'Failures',
    cell: ({ health, host }) => (
      <RowsLink filter={{ upstream: host, failureOrigin: 'upstream' }}>{formatCount(health.failures)}</RowsLink>
    ),
    sortBy: (row) => row.health.failures,
    numeric: true,
  },
  {
    id: 'success',
    header: 'Last success',
    cell: ({ health }) => <TimeAgo at={health.lastSuccessAt} />,
    wideOnly: true,
  },
]

/** What the virtual servers call, how it went lately, and who is connected. */
export function UpstreamsScreen() {
  const { id } = route.useSearch()
  const navigate = route.useNavigate()
  const { data, error, refetch } = useAdmin('listUpstreams', {}, { refreshMs: 15_000 })
  const open = (chosen: string | undefined) => void navigate({ search: chosen === undefined ? {} : { id: chosen } })
  return (
    <Screen title="Upstreams" summary="What virtual servers call, and the accounts and keys with which they do.">
      <Panel title="Upstreams" flush>
        <DataTable
          label="Upstreams"
          columns={columns}
          rows={data?.items}
          rowId={(row) => row.id}
          error={error}
          onRetry={() => void refetch()}
          onOpen={(row) => open(row.id)}
          openId={id}
          empty={
            <StateMessage kind="empty" icon="upstreams" title="No upstreams yet">
              Add a virtual server: its upstream appears here.
            </StateMessage>
          }
        />
      </Panel>
      <ConnectionsPanel />
      <UpstreamDrawer upstream={data?.items.find((row) => row.id === id)} onClose={() => open(undefined)} />
    </Screen>
  )
}
