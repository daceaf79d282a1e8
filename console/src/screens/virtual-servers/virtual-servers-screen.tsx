import { Button, TextInput } from '@mantine/core'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useAdmin } from '../../api/use-admin.ts'
import type { ItemOf } from '../../api/use-admin-pages.ts'
import { useMay } from '../../app/session.tsx'
import { CopyText } from '../../parts/copy-text.tsx'
import { DataTable, type TableColumn } from '../../parts/data-table.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Panel } from '../../parts/panel.tsx'
import { RowsLink } from '../../parts/rows-link.tsx'
import { Screen } from '../../parts/screen.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { SwitchedOffPanel } from './switched-off-panel.tsx'

type Server = ItemOf<'listVirtualServers'>

const columns: readonly TableColumn<Server>[] = [
  {
    id: 'title',
    header: 'Virtual server',
    cell: ({ title, name }) => <strong>{title || name}</strong>,
    sortBy: ({ title, name }) => title || name,
  },
  { id: 'name', header: 'Name', cell: ({ name }) => <CopyText text={name} />, wideOnly: true },
  {
    id: 'url',
    header: 'URL',
    cell: ({ url, path }) => <CopyText text={url} label={path} />,
    sortBy: ({ path }) => path,
  },
  { id: 'upstream', header: 'Upstream', cell: ({ upstream }) => <code>{upstream.url}</code>, wideOnly: true },
  {
    id: 'signIn',
    header: 'Access',
    cell: ({ internal, signIn }) => <AccessBadge internal={internal} signIn={signIn} />,
    sortBy: ({ internal, signIn }) => (internal ? 2 : signIn ? 0 : 1),
  },
  { id: 'policies', header: 'Policies', cell: ({ policies }) => policies.join(', '), wideOnly: true },
  {
    id: 'rows',
    header: 'Traffic',
    hideHeader: true,
    cell: ({ name }) => <RowsLink filter={{ virtualServer: name }}>Traffic</RowsLink>,
    wideOnly: true,
  },
]

function AccessBadge({ internal, signIn }: { readonly internal: boolean; readonly signIn: boolean }) {
  if (internal) return <StatusBadge tone="quiet">Member only</StatusBadge>
  if (signIn) return <StatusBadge tone="good">Sign-in</StatusBadge>
  return <StatusBadge tone="attention">Other</StatusBadge>
}

/** The virtual servers as they run. */
export function VirtualServersScreen() {
  const navigate = useNavigate()
  const mayAdd = useMay('editor')
  const [search, setSearch] = useState('')
  const { data, error, refetch } = useAdmin('listVirtualServers', {})
  const rows = useMemo(() => data?.items.filter((server) => hasText(server, search)), [data, search])
  const add = mayAdd && (
    <Button component={Link} to="/new-virtual-server" leftSection={<Icon name="plus" size={14} />}>
      New virtual server
    </Button>
  )
  return (
    <Screen
      title="Virtual servers"
      summary="What MCP clients reach: an upstream behind policies, at a URL."
      actions={add}
    >
      <Panel
        title="Virtual servers"
        flush
        actions={
          <TextInput
            aria-label="Search virtual servers"
            placeholder="Name, URL, upstream or policy"
            leftSection={<Icon name="search" size={14} />}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
        }
      >
        <DataTable
          label="Virtual servers"
          columns={columns}
          rows={rows}
          rowId={({ name }) => name}
          error={error}
          onRetry={() => void refetch()}
          onOpen={({ name }) => void navigate({ to: '/virtual-servers/$name', params: { name } })}
          empty={
            search ? (
              <StateMessage kind="empty" icon="search" title="None fits">
                Try a part of the name, the path, the upstream or a policy.
              </StateMessage>
            ) : (
              <StateMessage kind="empty" icon="servers" title="No virtual servers yet" action={add}>
                Pick an upstream from the catalogue, or paste the URL of one.
              </StateMessage>
            )
          }
        />
      </Panel>
      <SwitchedOffPanel />
    </Screen>
  )
}

function hasText({ name, title, path, upstream, policies }: Server, search: string): boolean {
  const text = [name, title, path, upstream.url, ...policies].join('\n').toLowerCase()
  return text.includes(search.trim().toLowerCase())
}
