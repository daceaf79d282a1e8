import { Button } from '@mantine/core'
import { type ItemOf, useAdminPages } from '../../api/use-admin-pages.ts'
import { CopyText } from '../../parts/copy-text.tsx'
import { DataTable, type TableColumn } from '../../parts/data-table.tsx'
import { formatCount } from '../../parts/format.ts'
import { MoreButton } from '../../parts/more-button.tsx'
import { RowsLink } from '../../parts/rows-link.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { TimeAgo } from '../../parts/time-ago.tsx'

type Person = ItemOf<'listPeople'>

const columns: readonly TableColumn<Person>[] = [
  {
    id: 'person',
    header: 'Person',
    cell: ({ name, email, subject }) => <strong>{name ?? email ?? subject}</strong>,
    sortBy: ({ name, email, subject }) => name ?? email ?? subject,
  },
  { id: 'subject', header: 'Subject', cell: ({ subject }) => <CopyText text={subject} />, wideOnly: true },
  {
    id: 'team',
    header: 'Team',
    cell: ({ team }) => team ?? <span className="soft">none</span>,
    sortBy: (person) => person.team ?? '',
    wideOnly: true,
  },
  { id: 'tenant', header: 'Tenant', cell: ({ tenant }) => tenant ?? '', wideOnly: true },
  { id: 'servers', header: 'Virtual servers', cell: ({ virtualServers }) => virtualServers.join(', '), wideOnly: true },
  { id: 'clients', header: 'MCP clients', cell: ({ clients }) => clients.join(', '), wideOnly: true },
  {
    id: 'connections',
    header: 'Connections',
    cell: ({ connections }) => connections,
    sortBy: (person) => person.connections,
    numeric: true,
    wideOnly: true,
  },
  {
    id: 'grants',
    header: 'Grants',
    cell: ({ grants }) => grants,
    sortBy: (person) => person.grants,
    numeric: true,
    wideOnly: true,
  },
  {
    id: 'calls',
    header: 'Calls',
    cell: ({ calls, subject }) => <RowsLink filter={{ subject }}>{formatCount(calls)}</RowsLink>,
    sortBy: ({ calls }) => calls,
    numeric: true,
  },
  {
    id: 'seen',
    header: 'Last seen',
    cell: ({ lastSeenAt, lastSignInAt }) => <TimeAgo at={lastSeenAt ?? lastSignInAt} />,
    sortBy: ({ lastSeenAt, lastSignInAt }) => lastSeenAt ?? lastSignInAt ?? '',
  },
]

interface PeopleTableProps {
  /** The window. */
  readonly days: number
  readonly search: string
  readonly team: string | undefined
  readonly onEveryTeam: () => void
}

/** Who signed in or called within the window. */
export function PeopleTable({ days, search, team, onEveryTeam }: PeopleTableProps) {
  const people = useAdminPages('listPeople', { query: { days, search: search || undefined, team } })
  return (
    <>
      <DataTable
        label="People"
        columns={columns}
        rows={people.items}
        rowId={({ subject, tenant }) => `${tenant}|${subject}`}
        error={people.error}
        onRetry={people.retry}
        empty={
          <StateMessage kind="empty" icon="people" title={search ? 'Nobody has that name' : 'Nobody was here yet'}>
            {search
              ? 'Try a part of the name, the e-mail address or the subject.'
              : 'Connect a client to a virtual server; whoever signs in appears here.'}
          </StateMessage>
        }
      />
      {team !== undefined && (
        <Button variant="subtle" m="sm" onClick={onEveryTeam}>
          Show every team
        </Button>
      )}
      <MoreButton pages={people} />
    </>
  )
}
