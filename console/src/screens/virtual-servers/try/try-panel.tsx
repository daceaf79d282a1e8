import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { useAdmin } from '../../../api/use-admin.ts'
import { useMay } from '../../../app/session.tsx'
import { Icon } from '../../../parts/icon.tsx'
import { Panel } from '../../../parts/panel.tsx'
import { StateMessage } from '../../../parts/state-message.tsx'
import { readTools, type Tool } from './read-tools.ts'
import { ToolForm } from './tool-form.tsx'
import styles from './try-panel.module.css'

/** Calls a tool of a virtual server in the name of the administrator, as a client would. */
export function TryPanel({ name }: { readonly name: string }) {
  const mayTry = useMay('editor')
  const [chosen, setChosen] = useState<Tool>()
  const [search, setSearch] = useState('')
  const list = useAdmin('tryVirtualServer', { params: { name }, body: { method: 'tools/list' } }, { enabled: mayTry })
  if (!mayTry) {
    return (
      <StateMessage kind="empty" icon="tool" title="Trying a tool needs the role of an editor">
        It calls the upstream in your name, and that may change something there.
      </StateMessage>
    )
  }
  if (list.error) return <StateMessage kind="error" error={list.error} onRetry={() => void list.refetch()} />
  if (!list.data) return <StateMessage kind="loading" title="Asking for its tools" />
  const { result, error } = list.data
  if (error) {
    return (
      <StateMessage kind="empty" icon="error" title={error.message}>
        Code {error.code}. What it asks of a client, it asks of you: sign-in, a connection, or a permission.
      </StateMessage>
    )
  }
  const tools = readTools(result).filter(({ name: tool, title, description }) =>
    [tool, title, description].join('\n').toLowerCase().includes(search.toLowerCase()),
  )
  return (
    <div className={styles['columns']}>
      <Panel title="Tools">
        <TextInput
          aria-label="Search tools"
          placeholder="Search"
          leftSection={<Icon name="search" size={14} />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          mb="sm"
        />
        {tools.length === 0 && <p className="soft">It lists no tools{search === '' ? '.' : ' of that name.'}</p>}
        <ul className={styles['tools']}>
          {tools.map((tool) => (
            <li key={tool.name}>
              <button
                type="button"
                aria-current={tool.name === chosen?.name ? 'true' : undefined}
                onClick={() => setChosen(tool)}
              >
                <code>{tool.name}</code>
                <span className={styles['about']}>{tool.description ?? tool.title}</span>
              </button>
            </li>
          ))}
        </ul>
      </Panel>
      {chosen ? (
        <ToolForm key={chosen.name} server={name} tool={chosen} />
      ) : (
        <Panel title="Call">
          <StateMessage kind="empty" icon="tool" title="Pick a tool">
            It is called through every policy of this virtual server, and appears in Traffic.
          </StateMessage>
        </Panel>
      )}
    </div>
  )
}
