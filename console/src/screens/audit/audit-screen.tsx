import { TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { type ItemOf, useAdminPages } from '../../api/use-admin-pages.ts'
import { CopyText } from '../../parts/copy-text.tsx'
import { DataTable, type TableColumn } from '../../parts/data-table.tsx'
import { Icon } from '../../parts/icon.tsx'
import { MoreButton } from '../../parts/more-button.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Screen } from '../../parts/screen.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { TimeAgo } from '../../parts/time-ago.tsx'
import { AuditEntryDrawer } from './audit-entry-drawer.tsx'
import { VerificationPanel } from './verification-panel.tsx'

type Entry = ItemOf<'listAudit'>

const route = getRouteApi('/audit')

const text = (entry: Entry, ...names: string[]): string => {
  const value = names.map((name) => entry.fields[name]).find((each) => typeof each === 'string')
  return typeof value === 'string' ? value : ''
}

const columns: readonly TableColumn<Entry>[] = [
  { id: 'sequence', header: '#', cell: ({ sequence }) => sequence, numeric: true, width: '72px' },
  { id: 'time', header: 'When', cell: ({ time }) => <TimeAgo at={time} /> },
  { id: 'type', header: 'What', cell: ({ type }) => <code>{type}</code> },
  { id: 'who', header: 'Who', cell: (entry) => text(entry, 'actor', 'subject') },
  {
    id: 'about',
    header: 'About',
    cell: (entry) => text(entry, 'target', 'capability', 'virtualServer', 'upstream', 'clientName'),
  },
  { id: 'outcome', header: 'Outcome', cell: (entry) => text(entry, 'reason', 'outcome'), wideOnly: true },
  {
    id: 'hash',
    header: 'Hash',
    cell: ({ hash }) => <CopyText text={hash} label={hash.slice(0, 10)} />,
    wideOnly: true,
  },
]

/** The tamper-evident trail: what mattered, who did it, and whether anybody touched the record. */
export function AuditScreen() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const [open, setOpen] = useState<Entry>()
  const entries = useAdminPages('listAudit', { query: { ...search } })
  const filter = useDebouncedCallback((member: 'subject' | 'type', value: string) => {
    void navigate({ search: (before) => ({ ...before, [member]: value || undefined }), replace: true })
  }, 250)
  return (
    <Screen title="Audit" summary="Sign-ins, consents, credentials, changes by administrators, and what was denied.">
      <VerificationPanel />
      <Panel
        title="Entries"
        flush
        actions={
          <search style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
            <TextInput
              aria-label="Subject"
              placeholder="Subject"
              leftSection={<Icon name="people" size={14} />}
              defaultValue={search.subject}
              onChange={(event) => filter('subject', event.currentTarget.value)}
            />
            <TextInput
              aria-label="Type"
              placeholder="Type, e.g. admin_changed"
              leftSection={<Icon name="search" size={14} />}
              defaultValue={search.type}
              onChange={(event) => filter('type', event.currentTarget.value)}
            />
          </search>
        }
      >
        <DataTable
          label="Audit entries"
          columns={columns}
          rows={entries.items}
          rowId={({ sequence }) => String(sequence)}
          error={entries.error}
          onRetry={entries.retry}
          onOpen={setOpen}
          openId={open && String(open.sequence)}
          empty={
            <StateMessage kind="empty" icon="audit" title="No entries fit">
              {search.subject || search.type
                ? 'Clear the fields above to see the whole trail.'
                : 'The first sign-in, consent or change will be the first entry.'}
            </StateMessage>
          }
        />
        <MoreButton pages={entries} />
      </Panel>
      <AuditEntryDrawer entry={open} onClose={() => setOpen(undefined)} />
    </Screen>
  )
}
