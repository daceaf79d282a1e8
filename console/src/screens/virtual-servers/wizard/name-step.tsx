import { Stack, Textarea, TextInput } from '@mantine/core'
import type { FormEvent } from 'react'
import { useAdmin } from '../../../api/use-admin.ts'
import { StepActions } from './step-actions.tsx'
import type { StepProps } from './wizard-draft.ts'

const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/

/** Name, title and URL of the virtual server. */
export function NameStep({ draft, update, onNext }: StepProps) {
  const { name, title, description, path } = draft
  const servers = useAdmin('listVirtualServers', {})
  const taken = servers.data?.items.some((server) => server.name === name)
  const wrong = name !== '' && !namePattern.test(name)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!wrong && !taken && name !== '') onNext()
  }
  return (
    <form onSubmit={submit}>
      <Stack maw={560}>
        <TextInput
          label="Name"
          description="Of the virtual server, in every event, and part of its URL. It stays."
          value={name}
          onChange={(event) => update({ name: event.currentTarget.value })}
          error={(taken && 'There is one of this name.') || (wrong && 'Lower-case letters, digits and "-".') || null}
          required
        />
        <TextInput
          label="Title"
          description="For people: on the consent page and in lists."
          value={title}
          onChange={(event) => update({ title: event.currentTarget.value })}
        />
        <Textarea
          label="Description"
          value={description}
          autosize
          minRows={2}
          onChange={(event) => update({ description: event.currentTarget.value })}
        />
        <TextInput
          label="Path"
          description="Of its URL."
          placeholder={`/mcp/${name || 'name'}`}
          value={path}
          onChange={(event) => update({ path: event.currentTarget.value })}
        />
      </Stack>
      <StepActions onNext={onNext} disabled={name === '' || wrong || taken === true} />
    </form>
  )
}
