import { Button, Switch } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useMemo, useState } from 'react'
import { useAdminPages } from '../../api/use-admin-pages.ts'
import { useLiveExchanges } from '../../api/use-live-exchanges.ts'
import type { TrafficSearch } from '../../app/search.ts'
import { DataTable } from '../../parts/data-table.tsx'
import { FilterBar } from '../../parts/filter-bar/filter-bar.tsx'
import { MoreButton } from '../../parts/more-button.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Screen } from '../../parts/screen.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { exchangeColumns } from './exchange-columns.tsx'
import { ExchangeDrawer } from './exchange-drawer.tsx'

const route = getRouteApi('/traffic')

/** Every exchange that fits the filter in the URL, newest first, and as they happen. */
export function TrafficScreen() {
  const { open, ...filter } = route.useSearch()
  const navigate = route.useNavigate()
  const [live, setLive] = useState(true)
  // A filter that ends in the past has no tail.
  const follows = live && filter.untilMs === undefined
  const pages = useAdminPages('listEvents', { query: filter })
  const tail = useLiveExchanges(filter, follows)
  const rows = useMemo(() => {
    if (!pages.items) return undefined
    const known = new Set(tail.exchanges.map(({ id }) => id))
    return [...tail.exchanges, ...pages.items.filter(({ id }) => !known.has(id))]
  }, [pages.items, tail.exchanges])
  const show = useCallback(
    (id: string | undefined) =>
      void navigate({
        // An absent member leaves the address.
        search: (before: TrafficSearch) => ({ ...before, open: id }) as TrafficSearch,
      }),
    [navigate],
  )
  const filtered = Object.keys(filter).length > 0
  return (
    <Screen
      title="Traffic"
      summary="One row per thing that happened. Open one to see every decision on its way."
      actions={
        <>
          {tail.state === 'open' && <StatusBadge tone="good">Live</StatusBadge>}
          {tail.state === 'refused' && <StatusBadge tone="bad">Not live: too many tabs follow</StatusBadge>}
          {tail.state === 'connecting' && <StatusBadge tone="attention">Connecting</StatusBadge>}
          <Switch
            label="Follow"
            checked={follows}
            disabled={filter.untilMs !== undefined}
            onChange={(event) => setLive(event.currentTarget.checked)}
          />
        </>
      }
    >
      <FilterBar filter={filter} onChange={(next) => void navigate({ search: next })} />
      <Panel title="Exchanges" flush>
        <DataTable
          label="Exchanges"
          columns={exchangeColumns}
          rows={rows}
          rowId={({ id }) => id}
          error={pages.error}
          onRetry={pages.retry}
          onOpen={({ id }) => show(id)}
          openId={open}
          empty={
            <StateMessage
              kind="empty"
              icon="traffic"
              title={filtered ? 'Nothing fits this filter' : 'Nothing happened yet'}
              action={
                filtered && (
                  <Button variant="default" onClick={() => void navigate({ search: {} })}>
                    Clear the filter
                  </Button>
                )
              }
            >
              {filtered
                ? 'Take a condition away, or look at a longer time.'
                : 'Connect a client to a virtual server: its first message appears here at once.'}
            </StateMessage>
          }
        />
        <MoreButton pages={pages} />
      </Panel>
      <ExchangeDrawer id={open} known={rows?.find(({ id }) => id === open)} onClose={() => show(undefined)} />
    </Screen>
  )
}
