import { Button, Menu, Modal } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useAdmin } from '../../api/use-admin.ts'
import { useMay } from '../../app/session.tsx'
import { ApplyPlan } from '../../parts/apply-plan.tsx'
import { Icon } from '../../parts/icon.tsx'
import { StateMessage } from '../../parts/state-message.tsx'

type Action = 'off' | 'remove'

const words: {
  readonly [Each in Action]: { readonly question: string; readonly label: string; readonly done: string }
} = {
  off: { question: 'Switch it off?', label: 'Switch off', done: 'Its URL answers 404 until it is switched on again.' },
  remove: { question: 'Remove it?', label: 'Remove', done: 'It can be brought back from the history.' },
}

/** Switches a virtual server off, or removes it; shows what would be written first. */
export function ServerActions({ name }: { readonly name: string }) {
  const mayEdit = useMay('editor')
  const navigate = useNavigate()
  const [action, setAction] = useState<Action>()
  const off = useAdmin('planSwitch', { params: { name }, body: { enabled: false } }, { enabled: action === 'off' })
  const removal = useAdmin('planRemoval', { params: { name } }, { enabled: action === 'remove' })
  const plan = action === 'remove' ? removal : off
  if (!mayEdit) return null
  const applied = () => {
    if (action) notifications.show({ color: 'green', title: `${name}: done`, message: words[action].done })
    setAction(undefined)
    return navigate({ to: '/virtual-servers' })
  }
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" rightSection={<Icon name="down" size={11} />}>
            Change
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="pause" size={14} />} onClick={() => setAction('off')}>
            Switch off…
          </Menu.Item>
          <Menu.Item color="red" leftSection={<Icon name="trash" size={14} />} onClick={() => setAction('remove')}>
            Remove…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={action !== undefined}
        onClose={() => setAction(undefined)}
        size="xl"
        title={action && words[action].question}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {plan.error && <StateMessage kind="error" error={plan.error} onRetry={() => void plan.refetch()} />}
        {!plan.data && !plan.error && <StateMessage kind="loading" title="Working out what to write" />}
        {plan.data && action && (
          <ApplyPlan
            plan={plan.data}
            edits={plan.data.edits}
            label={words[action].label}
            onApplied={applied}
            onCancel={() => setAction(undefined)}
            onOutdated={() => void plan.refetch()}
          />
        )}
      </Modal>
    </>
  )
}
