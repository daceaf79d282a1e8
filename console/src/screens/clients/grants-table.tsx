import { useChange } from '../../api/use-admin.ts'
import { type ItemOf, useAdminPages } from '../../api/use-admin-pages.ts'
import { useMay } from '../../app/session.tsx'
import { ConfirmButton } from '../../parts/confirm-button.tsx'
import { CopyText } from '../../parts/copy-text.tsx'
import { DataTable, type TableColumn } from '../../parts/data-table.tsx'
import { MoreButton } from '../../parts/more-button.tsx'
import { RowsLink } from '../../parts/rows-link.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { TimeAgo } from '../../parts/time-ago.tsx'

type Grant = ItemOf<'listGrants'>

const columns: readonly TableColumn<Grant>[] = [
  { id: 'subject', header: 'Who', cell: ({ subject }) => <strong>{subject}</strong>, sortBy: (row) => row.subject },
  {
    id: 'client',
    header: 'Client',
    cell: ({ clientName, clientId }) => clientName ?? clientId,
    sortBy: (row) => row.clientName ?? '',
  },
  { id: 'servers', header: 'Virtual servers', cell: ({ virtualServers }) => virtualServers.join(', ') },
  {
    id: 'scopes',
    header: 'Scopes',
    cell: ({ resources }) => <code>{[...new Set(Object.values(resources))].join(' ')}</code>,
    wideOnly: true,
  },
  { id: 'id', header: 'Grant', cell: ({ id }) => <CopyText text={id} label={id.slice(0, 10)} />, wideOnly: true },
  {
    id: 'created',
    header: 'Given',
    cell: ({ createdAt }) => <TimeAgo at={createdAt} none="–" />,
    sortBy: (row) => row.createdAt ?? '',
    wideOnly: true,
  },
  { id: 'expires', header: 'Expires', cell: ({ expiresAt }) => <TimeAgo at={expiresAt} none="–" />, wideOnly: true },
  {
    id: 'rows',
    header: 'Traffic',
    hideHeader: true,
    cell: ({ subject, clientId }) => <RowsLink filter={{ subject, clientId }}>Traffic</RowsLink>,
    wideOnly: true,
  },
  {
    id: 'revoke',
    header: 'Revoke',
    hideHeader: true,
    cell: (grant) => <RevokeGrantButton grant={grant} />,
    numeric: true,
  },
]

/** What people allowed clients. */
export function GrantsTable() {
  const grants = useAdminPages('listGrants', {})
  return (
    <>
      <DataTable
        label="Grants"
        columns={columns}
        rows={grants.items}
        rowId={({ id }) => id}
        error={grants.error}
        onRetry={grants.retry}
        empty={
          <StateMessage kind="empty" icon="clients" title="Nobody allowed anything yet">
            A grant appears when somebody signs in through an MCP client and agrees.
          </StateMessage>
        }
      />
      <MoreButton pages={grants} />
    </>
  )
}

function RevokeGrantButton({ grant }: { readonly grant: Grant }) {
  const { id, subject, clientName, clientId } = grant
  const revoke = useChange('revokeGrant', ['listGrants'])
  const mayRevoke = useMay('editor')
  if (!mayRevoke) return null
  return (
    <ConfirmButton
      label="Revoke"
      question={`Revoke what ${subject} allowed ${clientName ?? clientId}?`}
      onConfirm={() => revoke.mutateAsync({ params: { id } })}
      pending={revoke.isPending}
      error={revoke.error}
    >
      Its tokens stop working within a second and calls that run under it end. The person can sign in again.
    </ConfirmButton>
  )
}
