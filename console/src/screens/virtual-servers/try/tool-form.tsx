import { Button, Group } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { OperationBody } from '../../../../../src/admin/api-types.ts'
import { useChange } from '../../../api/use-admin.ts'
import { ErrorNote } from '../../../parts/error-note.tsx'
import { Icon } from '../../../parts/icon.tsx'
import { Note } from '../../../parts/note.tsx'
import { Panel } from '../../../parts/panel.tsx'
import type { FormValues } from '../../../parts/schema-form/form-values.ts'
import { SchemaForm } from '../../../parts/schema-form/schema-form.tsx'
import { CallResult } from './call-result.tsx'
import type { Tool } from './read-tools.ts'

type Params = NonNullable<OperationBody<'tryVirtualServer'>['params']>

/** The arguments of a tool, made from its JSON Schema, and what came of the call. */
export function ToolForm({ server, tool }: { readonly server: string; readonly tool: Tool }) {
  const [values, setValues] = useState<FormValues>({})
  const call = useChange('tryVirtualServer', ['listEvents'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const params = { name: tool.name, arguments: values } as Params
    call.mutate({ params: { name: server }, body: { method: 'tools/call', params } })
  }
  return (
    <Panel title={tool.title ?? tool.name} summary={tool.description}>
      <form onSubmit={submit}>
        {tool.isDestructive && (
          <Note tone="attention" title="This tool says that it may destroy something">
            It is really called, in your name.
          </Note>
        )}
        <SchemaForm label={`Arguments of ${tool.name}`} schema={tool.inputSchema} value={values} onChange={setValues} />
        <Group justify="flex-end" mt="md">
          <Button type="submit" loading={call.isPending} leftSection={<Icon name="play" size={12} />}>
            Call
          </Button>
        </Group>
      </form>
      <div aria-live="polite">
        <ErrorNote error={call.error} />
        {call.data && <CallResult answer={call.data} server={server} tool={tool.name} />}
      </div>
    </Panel>
  )
}
