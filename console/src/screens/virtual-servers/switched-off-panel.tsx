import { Button, Modal } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { useAdmin } from '../../api/use-admin.ts'
import { useMay } from '../../app/session.tsx'
import { ApplyPlan } from '../../parts/apply-plan.tsx'
import { Panel } from '../../parts/panel.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import styles from './switched-off-panel.module.css'

/** Virtual servers that are switched off, and the way to switch them on again. Nothing where all are on. */
export function SwitchedOffPanel() {
  const mayEdit = useMay('editor')
  const [name, setName] = useState<string>()
  const files = useAdmin('listConfigFiles', {})
  const plan = useAdmin(
    'planSwitch',
    { params: { name: name ?? '' }, body: { enabled: true } },
    { enabled: name !== undefined },
  )
  const close = () => setName(undefined)
  const applied = () => {
    notifications.show({ color: 'green', title: 'Switched on', message: `${name} answers again.` })
    close()
  }
  const disabled = files.data?.disabled ?? []
  if (disabled.length === 0) return null
  return (
    <Panel title="Switched off" summary="They are in the files, and answer nobody.">
      <ul className={styles['list']}>
        {disabled.map((server) => (
          <li key={server.name}>
            <strong>{server.title || server.name}</strong>
            <code>{server.path}</code>
            {mayEdit && (
              <Button variant="default" onClick={() => setName(server.name)}>
                Switch on…
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Modal
        opened={name !== undefined}
        onClose={close}
        size="xl"
        title={`Switch ${name ?? ''} on?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {plan.error && <StateMessage kind="error" error={plan.error} onRetry={() => void plan.refetch()} />}
        {!plan.data && !plan.error && <StateMessage kind="loading" title="Working out what to write" />}
        {plan.data && (
          <ApplyPlan
            plan={plan.data}
            edits={plan.data.edits}
            label="Switch on"
            onApplied={applied}
            onCancel={close}
            onOutdated={() => void plan.refetch()}
          />
        )}
      </Modal>
    </Panel>
  )
}
