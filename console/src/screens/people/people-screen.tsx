import { SegmentedControl, Tabs, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { Icon } from '../../parts/icon.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Screen } from '../../parts/screen.tsx'
import { PeopleTable } from './people-table.tsx'
import { TeamsTable } from './teams-table.tsx'

/** Who uses what. */
export function PeopleScreen() {
  const [days, setDays] = useState('30')
  const [written, setWritten] = useState('')
  const [search] = useDebouncedValue(written, 250)
  const [team, setTeam] = useState<string>()
  const [tab, setTab] = useState<string | null>('people')
  const showTeam = (chosen: string) => {
    setTeam(chosen)
    setTab('people')
  }
  return (
    <Screen
      title="People & teams"
      summary="Everybody who signed in or called, and what they use."
      actions={
        <SegmentedControl
          aria-label="Window"
          value={days}
          onChange={setDays}
          data={[
            { value: '1', label: '24 hours' },
            { value: '7', label: '7 days' },
            { value: '30', label: '30 days' },
          ]}
        />
      }
    >
      <Tabs value={tab} onChange={setTab}>
        <Tabs.List mb="md">
          <Tabs.Tab value="people">People</Tabs.Tab>
          <Tabs.Tab value="teams">Teams</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="people">
          <Panel
            title={team === undefined ? 'People' : `People of ${team}`}
            flush
            actions={
              <TextInput
                aria-label="Search people"
                placeholder="Name, e-mail or subject"
                leftSection={<Icon name="search" size={14} />}
                value={written}
                onChange={(event) => setWritten(event.currentTarget.value)}
              />
            }
          >
            <PeopleTable days={Number(days)} search={search} team={team} onEveryTeam={() => setTeam(undefined)} />
          </Panel>
        </Tabs.Panel>
        <Tabs.Panel value="teams">
          <Panel title="Teams" flush>
            <TeamsTable days={Number(days)} onOpen={showTeam} />
          </Panel>
        </Tabs.Panel>
      </Tabs>
    </Screen>
  )
}
