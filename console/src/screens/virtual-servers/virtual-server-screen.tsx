import { Tabs } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useAdmin } from '../../api/use-admin.ts'
import { BackLink } from '../../parts/back-link.tsx'
import { CopyText } from '../../parts/copy-text.tsx'
import { RowsLink } from '../../parts/rows-link.tsx'
import { Screen } from '../../parts/screen.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { ConnectPanel } from './connect-panel.tsx'
import { ServerActions } from './server-actions.tsx'
import { ServerFacts } from './server-facts.tsx'
import { ServerPolicies } from './server-policies.tsx'
import { TryPanel } from './try/try-panel.tsx'

const route = getRouteApi('/virtual-servers/$name')

/** One virtual server: how to connect clients, what happens on its way, and a place to try its tools. */
export function VirtualServerScreen() {
  const { name } = route.useParams()
  const { data, error, refetch } = useAdmin('getVirtualServer', { params: { name } })
  const above = <BackLink to="/virtual-servers">Virtual servers</BackLink>
  if (error) {
    return (
      <Screen title={name} above={above}>
        <StateMessage kind="error" error={error} onRetry={() => void refetch()} />
      </Screen>
    )
  }
  if (data?.name !== name) {
    return (
      <Screen title={name} above={above}>
        <StateMessage kind="loading" title="Loading" />
      </Screen>
    )
  }
  return (
    <Screen
      title={data.title || name}
      summary={data.description ?? <CopyText text={data.url} />}
      above={above}
      actions={
        <>
          <RowsLink filter={{ virtualServer: name }}>Traffic of this virtual server</RowsLink>
          <ServerActions name={name} />
        </>
      }
    >
      <Tabs defaultValue="connect">
        <Tabs.List mb="md">
          <Tabs.Tab value="connect">Connect</Tabs.Tab>
          <Tabs.Tab value="try">Try a tool</Tabs.Tab>
          <Tabs.Tab value="policies">Policies</Tabs.Tab>
          <Tabs.Tab value="details">Details</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="connect">
          <ConnectPanel server={data} />
        </Tabs.Panel>
        <Tabs.Panel value="try">
          <TryPanel name={name} />
        </Tabs.Panel>
        <Tabs.Panel value="policies">
          <ServerPolicies server={data} />
        </Tabs.Panel>
        <Tabs.Panel value="details">
          <ServerFacts server={data} />
        </Tabs.Panel>
      </Tabs>
    </Screen>
  )
}
