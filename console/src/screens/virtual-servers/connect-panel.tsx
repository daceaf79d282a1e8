import { Button } from '@mantine/core'
import type { OperationResult } from '../../../../src/admin/api-types.ts'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Panel } from '../../parts/panel.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import styles from './connect-panel.module.css'

type Server = OperationResult<'getVirtualServer'>
type Way = Server['connect'][number]

/** How each MCP client is connected: a button where the client has a deep link, a command or JSON elsewhere. */
export function ConnectPanel({ server }: { readonly server: Server }) {
  if (server.internal) {
    return (
      <StateMessage kind="empty" icon="servers" title="Clients do not connect to this one">
        It answers only as a member of other virtual servers.
      </StateMessage>
    )
  }
  return (
    <div className={styles['grid']}>
      <Panel title="URL" summary="What every client needs. The rest it finds by itself.">
        <CodeBlock text={server.url} label="URL" />
      </Panel>
      {groupByClient(server.connect).map(({ client, ways }) => (
        <Panel key={client} title={client}>
          <div className={styles['ways']}>
            {ways.map((way) => (
              <WayToConnect key={`${way.kind}-${way.text}`} client={client} way={way} />
            ))}
          </div>
        </Panel>
      ))}
    </div>
  )
}

function WayToConnect({ client, way }: { readonly client: string; readonly way: Way }) {
  if (way.kind === 'url') {
    return (
      <>
        <p className="soft">Paste the URL where {client} adds a connector.</p>
        <CodeBlock text={way.text} label={`URL for ${client}`} />
      </>
    )
  }
  if (way.kind !== 'link') return <CodeBlock text={way.text} label={`${way.kind} for ${client}`} />
  return (
    <Button
      component="a"
      href={way.text}
      rel="noreferrer"
      w="fit-content"
      leftSection={<Icon name="external" size={14} />}
    >
      Add to {client}
    </Button>
  )
}

/** An empty name is another way for the client before. */
function groupByClient(connect: readonly Way[]): readonly { readonly client: string; readonly ways: readonly Way[] }[] {
  const groups: { client: string; ways: Way[] }[] = []
  for (const way of connect) {
    const last = groups.at(-1)
    if (last && (way.client === '' || way.client === last.client)) last.ways.push(way)
    else groups.push({ client: way.client, ways: [way] })
  }
  return groups
}
