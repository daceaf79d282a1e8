import { Autocomplete, Button, Group, Popover, Select, Stack } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type FormEvent, useState } from 'react'
import type { EventFilter } from '../../api/event-filter.ts'
import { useAdmin } from '../../api/use-admin.ts'
import { Icon } from '../icon.tsx'
import { filterFields } from './filter-fields.ts'

interface AddConditionProps {
  readonly onAdd: (name: keyof EventFilter, value: string | number) => void
}

/** A small form that adds one condition to the filter. */
export function AddCondition({ onAdd }: AddConditionProps) {
  const [opened, popover] = useDisclosure(false)
  const [name, setName] = useState<keyof EventFilter>('virtualServer')
  const [value, setValue] = useState('')
  const field = filterFields.find((each) => each.name === name)
  const known = useKnownValues(name, opened)
  const isWritten = value !== '' && !(field?.numeric === true && Number.isNaN(Number(value)))
  const take = (taken: string) => {
    onAdd(name, field?.numeric ? Number(taken) : taken)
    setValue('')
    popover.close()
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isWritten) take(value)
  }
  return (
    <Popover opened={opened} onChange={popover.toggle} position="bottom-start" trapFocus shadow="md" width={300}>
      <Popover.Target>
        <Button variant="default" h={30} leftSection={<Icon name="plus" size={13} />} onClick={popover.toggle}>
          Filter
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form onSubmit={submit}>
          <Stack>
            <Select
              label="What"
              searchable
              data={filterFields.map((each) => ({ value: each.name, label: each.label }))}
              value={name}
              onChange={(chosen) => {
                setName(chosen ?? 'virtualServer')
                setValue('')
              }}
              comboboxProps={{ withinPortal: false }}
            />
            {field?.choices ? (
              <Select
                label="Is"
                data={[...field.choices]}
                value={value || null}
                onChange={(chosen) => chosen && take(chosen)}
                comboboxProps={{ withinPortal: false }}
              />
            ) : (
              <Autocomplete
                label="Is"
                size="sm"
                inputMode={field?.numeric ? 'numeric' : 'text'}
                data={known}
                value={value}
                onChange={setValue}
                onOptionSubmit={take}
                comboboxProps={{ withinPortal: false }}
              />
            )}
            <Group justify="flex-end">
              <Button type="submit" disabled={!isWritten}>
                Add
              </Button>
            </Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  )
}

/** Values that the running project knows. */
function useKnownValues(name: keyof EventFilter, enabled: boolean): string[] {
  const servers = useAdmin('listVirtualServers', {}, { enabled })
  const upstreams = useAdmin('listUpstreams', {}, { enabled })
  if (name === 'virtualServer') return servers.data?.items.map((server) => server.name) ?? []
  if (name === 'upstream') return [...new Set(upstreams.data?.items.map(({ host }) => host))]
  return []
}
