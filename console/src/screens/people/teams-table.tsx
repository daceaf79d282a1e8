import { type ItemOf, useAdminPages } from '../../api/use-admin-pages.ts'
import { DataTable, type TableColumn } from '../../parts/data-table.tsx'
import { formatCount } from '../../parts/format.ts'
import { MoreButton } from '../../parts/more-button.tsx'
import { RowsLink } from '../../parts/rows-link.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { TimeAgo } from '../../parts/time-ago.tsx'

type Team = ItemOf<'listTeams'>

const columns: readonly TableColumn<Team>[] = [
  { id: 'team', header: 'Team', cell: ({ team }) => <strong>{team}</strong>, sortBy: (row) => row.team },
  { id: 'people', header: 'People', cell: ({ people }) => people, sortBy: (row) => row.people, numeric: true },
  {
    id: 'calls',
    header: 'Calls',
    cell: ({ calls, team }) => <RowsLink filter={{ team }}>{formatCount(calls)}</RowsLink>,
    sortBy: (row) => row.calls,
    numeric: true,
  },
  {
    id: 'failures',
    header: 'Failures',
    cell: ({ failures, team }) => <RowsLink filter={{ team, outcome: 'failure' }}>{formatCount(failures)}</RowsLink>,
    sortBy: (row) => row.failures,
    numeric: true,
  },
  {
    id: 'seen',
    header: 'Last seen',
    cell: ({ lastSeenAt }) => <TimeAgo at={lastSeenAt} />,
    sortBy: (row) => row.lastSeenAt ?? '',
  },
]

interface TeamsTableProps {
  /** The window. */
  readonly days: number
  /** Shows the people of a team. */
  readonly onOpen: (team: string) => void
}

/** Teams and what they did. */
export function TeamsTable({ days, onOpen }: TeamsTableProps) {
  const teams = useAdminPages('listTeams', { query: { days } })
  return (
    <>
      <DataTable
        label="Teams"
        columns={columns}
        rows={teams.items}
        rowId={({ team }) => team}
        error={teams.error}
        onRetry={teams.retry}
        onOpen={({ team }) => onOpen(team)}
        empty={
          <StateMessage kind="empty" icon="people" title="No teams were seen">
            Name the claim that holds the team in the sign-in policy (<code>teamClaim</code>), and calls are counted by
            team.
          </StateMessage>
        }
      />
      <MoreButton pages={teams} />
    </>
  )
}
