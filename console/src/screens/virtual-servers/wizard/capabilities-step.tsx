import { SegmentedControl } from '@mantine/core'
import { Note } from '../../../parts/note.tsx'
import styles from './capabilities-step.module.css'
import { CapabilityList } from './capability-list.tsx'
import { StepActions } from './step-actions.tsx'
import type { Capabilities, CapabilityKind, StepProps } from './wizard-draft.ts'

const kinds: readonly { readonly kind: CapabilityKind; readonly label: string }[] = [
  { kind: 'tools', label: 'Tools' },
  { kind: 'prompts', label: 'Prompts' },
  { kind: 'resources', label: 'Resources' },
  { kind: 'resourceTemplates', label: 'Resource templates' },
]

/** Which tools, prompts and resources are offered: whatever the upstream lists, or a fixed list. */
export function CapabilitiesStep({ draft, update, onNext }: StepProps) {
  const { test, capabilities } = draft
  const set = (change: Partial<Capabilities>) => update({ capabilities: { ...capabilities, ...change } })
  const offered = kinds.filter(({ kind }) => (test?.[kind].length ?? 0) > 0)
  return (
    <>
      {offered.length === 0 && (
        <Note tone="accent" title="Nothing is listed without a credential">
          Everything that the upstream lists to each person will be offered. To choose now, go back to the test and give
          it a key; or narrow it down later with a capability filter.
        </Note>
      )}
      {test?.truncated && (
        <Note tone="attention" title="There are more than are shown">
          A fixed list holds only what you see here.
        </Note>
      )}
      {offered.map(({ kind, label }) => {
        const definitions = test?.[kind] ?? []
        const chosen = capabilities[kind] ?? null
        return (
          <section key={kind} className={styles['kind']} aria-label={label}>
            <header>
              <h3>
                {label}{' '}
                <span className="soft">
                  {chosen ? `${chosen.length} of ${definitions.length}` : definitions.length}
                </span>
              </h3>
              <SegmentedControl
                aria-label={`${label}: live or fixed`}
                value={chosen ? 'fixed' : 'live'}
                onChange={(next) => set({ [kind]: next === 'live' ? null : listSafe(definitions) })}
                data={[
                  { value: 'live', label: 'Live' },
                  { value: 'fixed', label: 'Fixed' },
                ]}
              />
            </header>
            <CapabilityList
              label={label}
              definitions={definitions}
              chosen={chosen}
              onChange={(names) => set({ [kind]: names })}
            />
          </section>
        )
      })}
      <StepActions onNext={onNext} />
    </>
  )
}

/** What a fixed list begins with: everything that neither destroys nor looks suspicious. */
function listSafe(definitions: readonly { readonly name: string; readonly hints: readonly string[] }[]): string[] {
  return definitions
    .filter(({ hints }) => !hints.includes('destructive') && !hints.includes('suspicious'))
    .map(({ name }) => name)
}
