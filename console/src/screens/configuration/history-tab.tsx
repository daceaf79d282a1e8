import { useState } from 'react'
import { type ItemOf, useAdminPages } from '../../api/use-admin-pages.ts'
import { DataTable, type TableColumn } from '../../parts/data-table.tsx'
import { MoreButton } from '../../parts/more-button.tsx'
import { Panel } from '../../parts/panel.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { TimeAgo } from '../../parts/time-ago.tsx'
import { ChangeDrawer } from './change-drawer.tsx'

type Change = ItemOf<'listConfigHistory'>

const origins: { readonly [Origin in Change['origin']]: string } = {
  console: 'Console',
  first: 'As it was at first',
  rollback: 'Rollback',
  outside: 'Outside the console',
}

const columns: readonly TableColumn<Change>[] = [
  { id: 'at', header: 'When', cell: ({ at }) => <TimeAgo at={at} />, width: '120px' },
  { id: 'actor', header: 'Who', cell: ({ actor }) => actor ?? <span className="soft">nobody signed in</span> },
  { id: 'note', header: 'Why', cell: ({ note }) => note },
  { id: 'files', header: 'Files', cell: ({ files }) => files.map(({ file }) => file).join(', ') },
  { id: 'origin', header: 'From', cell: ({ origin }) => origins[origin], wideOnly: true },
  {
    id: 'current',
    header: 'State',
    hideHeader: true,
    cell: ({ isCurrent }) => isCurrent && <StatusBadge tone="good">Current</StatusBadge>,
    wideOnly: true,
  },
]

/** What was changed in the files, by whom; each change can be looked at and taken back. */
export function HistoryTab() {
  const [openId, setOpenId] = useState<string>()
  const changes = useAdminPages('listConfigHistory', {})
  return (
    <Panel title="History" flush>
      <DataTable
        label="Changes of the configuration"
        columns={columns}
        rows={changes.items}
        rowId={({ id }) => id}
        error={changes.error}
        onRetry={changes.retry}
        onOpen={({ id }) => setOpenId(id)}
        openId={openId}
        empty={
          <StateMessage kind="empty" icon="history" title="No changes yet">
            The next change of a file, here or elsewhere, will be the first entry.
          </StateMessage>
        }
      />
      <MoreButton pages={changes} />
      <ChangeDrawer id={openId} onClose={() => setOpenId(undefined)} />
    </Panel>
  )
}
