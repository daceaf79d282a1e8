import { Button, Checkbox, Group } from '@mantine/core'
import { StatusBadge, type Tone } from '../../../parts/status-badge.tsx'
import styles from './capability-list.module.css'
import type { UpstreamTest } from './wizard-draft.ts'

type Definition = UpstreamTest['tools'][number]
type Hint = Definition['hints'][number]

const hints: { readonly [Each in Hint]: { readonly label: string; readonly tone: Tone } } = {
  'read-only': { label: 'Reads only', tone: 'good' },
  destructive: { label: 'Can destroy', tone: 'bad' },
  'open-world': { label: 'Reaches outside', tone: 'quiet' },
  idempotent: { label: 'Repeatable', tone: 'quiet' },
  unannotated: { label: 'Says nothing of its effects', tone: 'attention' },
  suspicious: { label: 'Suspicious text', tone: 'bad' },
  long: { label: 'Very long', tone: 'attention' },
}

interface CapabilityListProps {
  readonly label: string
  readonly definitions: readonly Definition[]
  /** null: all of them, and whatever the upstream adds. */
  readonly chosen: readonly string[] | null
  readonly onChange: (names: string[]) => void
}

/** Definitions with what they say and what to look at; each can be chosen where the list is fixed. */
export function CapabilityList({ label, definitions, chosen, onChange }: CapabilityListProps) {
  const toggle = (name: string) =>
    onChange(chosen?.includes(name) ? chosen.filter((each) => each !== name) : [...(chosen ?? []), name])
  return (
    <>
      {chosen && (
        <Group gap="xs" mb="xs">
          <Button variant="default" onClick={() => onChange(definitions.map(({ name }) => name))}>
            All
          </Button>
          <Button variant="default" onClick={() => onChange([])}>
            None
          </Button>
          <Button
            variant="default"
            onClick={() =>
              onChange(definitions.filter(({ hints: given }) => given.includes('read-only')).map(({ name }) => name))
            }
          >
            Only those that read
          </Button>
        </Group>
      )}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable with the keyboard */}
      <ul className={styles['list']} aria-label={label} tabIndex={0}>
        {definitions.map((definition) => (
          <li key={definition.name}>
            <Checkbox
              aria-label={definition.name}
              checked={chosen?.includes(definition.name) ?? true}
              disabled={!chosen}
              onChange={() => toggle(definition.name)}
            />
            <DefinitionText definition={definition} />
          </li>
        ))}
      </ul>
    </>
  )
}

function DefinitionText({ definition }: { readonly definition: Definition }) {
  const { name, title, description, hints: given, suspicions } = definition
  return (
    <div>
      <p className={styles['name']}>
        <code>{name}</code>
        {title !== null && title !== name && <span className="soft">{title}</span>}
        {given.map((hint) => (
          <StatusBadge key={hint} tone={hints[hint].tone}>
            {hints[hint].label}
          </StatusBadge>
        ))}
      </p>
      {description !== null && <p className={styles['description']}>{description}</p>}
      {suspicions.map((suspicion) => (
        <p key={suspicion} className={styles['suspicion']}>
          {suspicion}
        </p>
      ))}
    </div>
  )
}
