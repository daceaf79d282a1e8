import { Button, Select } from '@mantine/core'
import type { EventFilter } from '../../api/event-filter.ts'
import { formatDateTime } from '../format.ts'
import { Icon } from '../icon.tsx'
import { nameOutcome } from '../outcome-badge.tsx'
import { AddCondition } from './add-condition.tsx'
import styles from './filter-bar.module.css'
import { filterFields } from './filter-fields.ts'

const spans = [
  { value: '', label: 'Any time' },
  { value: '900000', label: 'Last 15 minutes' },
  { value: '3600000', label: 'Last hour' },
  { value: '86400000', label: 'Last 24 hours' },
  { value: '604800000', label: 'Last 7 days' },
]

interface FilterBarProps {
  readonly filter: EventFilter
  /** Time is chosen elsewhere. */
  readonly withoutTime?: boolean
  readonly onChange: (filter: EventFilter) => void
}

/** The conditions of the filter, each of which can be taken away, and one to add. */
export function FilterBar({ filter, onChange, withoutTime = false }: FilterBarProps) {
  const chosen = filterFields.filter(({ name }) => filter[name] !== undefined)
  const without = (...names: (keyof EventFilter)[]): EventFilter =>
    Object.fromEntries(Object.entries(filter).filter(([name]) => !names.includes(name as keyof EventFilter)))
  const setSpan = (value: string | null) => {
    const others = without('sinceMs', 'untilMs')
    onChange(value ? { ...others, sinceMs: Date.now() - Number(value) } : others)
  }
  return (
    <search className={styles['bar']} aria-label="Filter">
      {!withoutTime && (
        <Select
          aria-label="Time"
          className={styles['span']}
          data={spans}
          value={nearestSpan(filter)}
          onChange={setSpan}
          placeholder={spanText(filter)}
          leftSection={<Icon name="history" size={14} />}
        />
      )}
      {chosen.map(({ name, label }) => (
        <span key={name} className={styles['condition']}>
          <span className={styles['name']}>{label}</span>
          <span className={styles['value']}>{nameValue(name, filter[name])}</span>
          <button type="button" onClick={() => onChange(without(name))} aria-label={`Without ${label}`}>
            <Icon name="close" size={12} />
          </button>
        </span>
      ))}
      <AddCondition onAdd={(name, value) => onChange({ ...filter, [name]: value })} />
      {(chosen.length > 0 || (!withoutTime && filter.sinceMs !== undefined)) && (
        <Button variant="subtle" color="gray" onClick={() => onChange({})}>
          Clear
        </Button>
      )}
    </search>
  )
}

function nameValue(name: string, value: unknown): string {
  if (value === '') return 'none'
  return name === 'outcome' ? nameOutcome(String(value)) : String(value)
}

/** The span whose beginning is where the filter begins, within a tenth; none where the filter has an end. */
function nearestSpan({ sinceMs, untilMs }: EventFilter): string | null {
  if (sinceMs === undefined && untilMs === undefined) return ''
  if (sinceMs === undefined || untilMs !== undefined) return null
  const length = Date.now() - sinceMs
  return spans.find(({ value }) => value !== '' && Math.abs(Number(value) - length) < Number(value) / 10)?.value ?? null
}

function spanText({ sinceMs, untilMs }: EventFilter): string {
  const from = sinceMs === undefined ? '' : formatDateTime(sinceMs)
  return untilMs === undefined ? `Since ${from}` : `${from} – ${formatDateTime(untilMs)}`
}
