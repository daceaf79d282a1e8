import { Button, Tabs } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMay } from '../../app/session.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Screen } from '../../parts/screen.tsx'
import { ClientsTable } from './clients-table.tsx'
import { CreateClientDialogue } from './create-client-dialogue.tsx'
import { GrantsTable } from './grants-table.tsx'

/** OAuth clients, and what people allowed them. */
export function ClientsScreen() {
  const [opened, dialogue] = useDisclosure(false)
  const mayCreate = useMay('owner')
  return (
    <Screen
      title="Clients & grants"
      summary="OAuth clients of this gateway, and what people allowed each of them."
      actions={
        mayCreate && (
          <Button onClick={dialogue.open} leftSection={<Icon name="plus" size={14} />}>
            New client
          </Button>
        )
      }
    >
      <Tabs defaultValue="clients">
        <Tabs.List mb="md">
          <Tabs.Tab value="clients">Clients</Tabs.Tab>
          <Tabs.Tab value="grants">Grants</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="clients">
          <Panel title="Clients" flush summary="Most register themselves when somebody connects an MCP client.">
            <ClientsTable />
          </Panel>
        </Tabs.Panel>
        <Tabs.Panel value="grants">
          <Panel title="Grants" flush summary="A grant is what one person allowed one client.">
            <GrantsTable />
          </Panel>
        </Tabs.Panel>
      </Tabs>
      <CreateClientDialogue opened={opened} onClose={dialogue.close} />
    </Screen>
  )
}
