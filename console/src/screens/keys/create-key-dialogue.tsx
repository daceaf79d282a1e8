import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useChange } from '../../api/use-admin.ts'
import { ErrorNote } from '../../parts/error-note.tsx'
import { SecretOnce } from '../../parts/secret-once.tsx'

const dayMs = 86_400_000

const lifetimes = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
  { value: '', label: 'It does not expire' },
]

/** Makes an API key and shows it this one time. */
export function CreateKeyDialogue({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const [consumer, setConsumer] = useState('')
  const [tenant, setTenant] = useState('default')
  const [days, setDays] = useState('90')
  const create = useChange('createKey', ['listKeys'])
  const close = () => {
    create.reset()
    setConsumer('')
    onClose()
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const expiresAt = days === '' ? {} : { expiresAt: new Date(Date.now() + Number(days) * dayMs).toISOString() }
    create.mutate({ body: { consumer, tenant, ...expiresAt } })
  }
  return (
    <Modal opened={opened} onClose={close} title="New API key" closeButtonProps={{ 'aria-label': 'Close' }}>
      {create.data ? (
        <Stack>
          <SecretOnce what="API key" secret={create.data.key} />
          <p className="soft">
            Send it as a bearer token: <code>Authorization: Bearer …</code>
          </p>
          <Group justify="flex-end">
            <Button onClick={close}>I have copied it</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={submit}>
          <Stack>
            <TextInput
              label="Consumer"
              description="Who will call with it. Events and limits go by this name."
              placeholder="nightly-report"
              value={consumer}
              onChange={(event) => setConsumer(event.currentTarget.value)}
              required
              data-autofocus
            />
            <Select label="Lives for" data={lifetimes} value={days} onChange={(value) => setDays(value ?? '')} />
            <TextInput
              label="Tenant"
              value={tenant}
              onChange={(event) => setTenant(event.currentTarget.value)}
              required
            />
            <ErrorNote error={create.error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" loading={create.isPending}>
                Make key
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  )
}
