import { Button, SegmentedControl } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import { type ItemOf, useAdminPages } from '../../api/use-admin-pages.ts'
import { useMay } from '../../app/session.tsx'
import { CopyText } from '../../parts/copy-text.tsx'
import { DataTable, type TableColumn } from '../../parts/data-table.tsx'
import { Icon } from '../../parts/icon.tsx'
import { MoreButton } from '../../parts/more-button.tsx'
import { Panel } from '../../parts/panel.tsx'
import { RowsLink } from '../../parts/rows-link.tsx'
import { Screen } from '../../parts/screen.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { StatusBadge, type Tone } from '../../parts/status-badge.tsx'
import { TimeAgo } from '../../parts/time-ago.tsx'
import { CreateKeyDialogue } from './create-key-dialogue.tsx'
import { RevokeKeyButton } from './revoke-key-button.tsx'

type Key = ItemOf<'listKeys'>

const tones: { readonly [State in Key['state']]: Tone } = { live: 'good', expired: 'quiet', revoked: 'bad' }

const columns: readonly TableColumn<Key>[] = [
  {
    id: 'consumer',
    header: 'Consumer',
    cell: ({ consumer }) => <strong>{consumer}</strong>,
    sortBy: (key) => key.consumer,
  },
  { id: 'state', header: 'State', cell: ({ state }) => <StatusBadge tone={tones[state]}>{state}</StatusBadge> },
  { id: 'id', header: 'Key', cell: ({ id }) => <CopyText text={id} />, wideOnly: true },
  { id: 'tenant', header: 'Tenant', cell: ({ tenant }) => tenant, sortBy: (key) => key.tenant, wideOnly: true },
  {
    id: 'created',
    header: 'Made',
    cell: ({ createdAt }) => <TimeAgo at={createdAt} />,
    sortBy: (key) => key.createdAt,
    wideOnly: true,
  },
  {
    id: 'used',
    header: 'Last used',
    cell: ({ lastUsedAt }) => <TimeAgo at={lastUsedAt} />,
    sortBy: (key) => key.lastUsedAt ?? '',
  },
  { id: 'expires', header: 'Expires', cell: ({ expiresAt }) => <TimeAgo at={expiresAt} />, wideOnly: true },
  {
    id: 'rows',
    header: 'Traffic',
    hideHeader: true,
    cell: ({ consumer }) => <RowsLink filter={{ subject: consumer }}>Traffic</RowsLink>,
    wideOnly: true,
  },
  { id: 'revoke', header: 'Revoke', hideHeader: true, cell: (key) => <RevokeKeyButton apiKey={key} />, numeric: true },
]

/** API keys of consumers. A key itself is seen once, when it is made. */
export function KeysScreen() {
  const [state, setState] = useState<Key['state'] | 'all'>('live')
  const [opened, dialogue] = useDisclosure(false)
  const mayCreate = useMay('editor')
  const keys = useAdminPages('listKeys', { query: state === 'all' ? {} : { state } })
  const create = (
    <Button onClick={dialogue.open} leftSection={<Icon name="plus" size={14} />}>
      New key
    </Button>
  )
  return (
    <Screen
      title="Keys"
      summary="API keys, for programs that cannot sign in. They work where a route has an api-key-inbound policy."
      actions={mayCreate && create}
    >
      <Panel
        title="API keys"
        flush
        actions={
          <SegmentedControl
            aria-label="State"
            value={state}
            onChange={(value) => setState(value)}
            data={[
              { value: 'live', label: 'Live' },
              { value: 'expired', label: 'Expired' },
              { value: 'revoked', label: 'Revoked' },
              { value: 'all', label: 'All' },
            ]}
          />
        }
      >
        <DataTable
          label="API keys"
          columns={columns}
          rows={keys.items}
          rowId={({ id }) => id}
          error={keys.error}
          onRetry={keys.retry}
          empty={
            <StateMessage
              kind="empty"
              icon="keys"
              title={state === 'live' || state === 'all' ? 'No keys yet' : `No ${state} keys`}
              action={mayCreate && state !== 'revoked' && state !== 'expired' ? create : null}
            >
              People sign in; a program that cannot gets a key of its own, so that it can be told apart and revoked.
            </StateMessage>
          }
        />
        <MoreButton pages={keys} />
      </Panel>
      <CreateKeyDialogue opened={opened} onClose={dialogue.close} />
    </Screen>
  )
}
