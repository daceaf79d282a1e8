import { useChange } from '../../api/use-admin.ts'
import { type ItemOf, useAdminPages } from '../../api/use-admin-pages.ts'
import { useMay } from '../../app/session.tsx'
import { ConfirmButton } from '../../parts/confirm-button.tsx'
import { CopyText } from '../../parts/copy-text.tsx'
import { DataTable, type TableColumn } from '../../parts/data-table.tsx'
import { MoreButton } from '../../parts/more-button.tsx'
import { RowsLink } from '../../parts/rows-link.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'

type Client = ItemOf<'listClients'>

const sources: { readonly [Source in Client['source']]: string } = {
  project: 'Project file',
  store: 'Administrator',
  registered: 'Registered itself',
}

const columns: readonly TableColumn<Client>[] = [
  { id: 'name', header: 'Client', cell: ({ name }) => <strong>{name}</strong>, sortBy: (row) => row.name },
  { id: 'id', header: 'Id', cell: ({ id }) => <CopyText text={id} /> },
  {
    id: 'source',
    header: 'From',
    cell: ({ source }) => (
      <StatusBadge tone={source === 'registered' ? 'quiet' : 'accent'}>{sources[source]}</StatusBadge>
    ),
    sortBy: (row) => row.source,
    wideOnly: true,
  },
  {
    id: 'authentication',
    header: 'Proves itself by',
    cell: ({ authentication }) => <code>{authentication}</code>,
    wideOnly: true,
  },
  { id: 'redirects', header: 'Redirects to', cell: ({ redirectUris }) => redirectUris.join(', '), wideOnly: true },
  { id: 'servers', header: 'On its own behalf', cell: ({ servers }) => servers.join(', '), wideOnly: true },
  {
    id: 'rows',
    header: 'Traffic',
    hideHeader: true,
    cell: ({ id }) => <RowsLink filter={{ clientId: id }}>Traffic</RowsLink>,
    wideOnly: true,
  },
  {
    id: 'remove',
    header: 'Remove',
    hideHeader: true,
    cell: (client) => <RemoveClientButton client={client} />,
    numeric: true,
  },
]

/** OAuth clients of all origins. */
export function ClientsTable() {
  const clients = useAdminPages('listClients', {})
  return (
    <>
      <DataTable
        label="Clients"
        columns={columns}
        rows={clients.items}
        rowId={({ id }) => id}
        error={clients.error}
        onRetry={clients.retry}
        empty={
          <StateMessage kind="empty" icon="clients" title="No clients yet">
            Open a virtual server and connect an MCP client to it; it registers itself.
          </StateMessage>
        }
      />
      <MoreButton pages={clients} />
    </>
  )
}

function RemoveClientButton({ client }: { readonly client: Client }) {
  const { id, name, source } = client
  const revoke = useChange('revokeClient', ['listClients', 'listGrants'])
  const mayRemove = useMay('owner')
  if (source === 'project' || !mayRemove) return null
  return (
    <ConfirmButton
      label="Remove"
      question={`Remove ${name}?`}
      onConfirm={() => revoke.mutateAsync({ params: { id } })}
      pending={revoke.isPending}
      error={revoke.error}
    >
      Its grants and tokens end with it, for everybody who uses it.
    </ConfirmButton>
  )
}
