import { Stepper } from '@mantine/core'
import { type ComponentType, useState } from 'react'
import { BackLink } from '../../../parts/back-link.tsx'
import { Panel } from '../../../parts/panel.tsx'
import { Screen } from '../../../parts/screen.tsx'
import { CapabilitiesStep } from './capabilities-step.tsx'
import { CredentialStep } from './credential-step.tsx'
import { NameStep } from './name-step.tsx'
import { ReviewStep } from './review-step.tsx'
import { SignInStep } from './sign-in-step.tsx'
import { TestStep } from './test-step.tsx'
import { UpstreamStep } from './upstream-step.tsx'
import { emptyDraft, type StepProps, type WizardDraft } from './wizard-draft.ts'
import styles from './wizard-screen.module.css'

const steps: readonly {
  readonly label: string
  readonly title: string
  readonly summary: string
  readonly Step: ComponentType<StepProps>
}[] = [
  {
    label: 'Upstream',
    title: 'What should it reach?',
    summary: 'Pick a curated upstream, or paste the URL of any MCP server.',
    Step: UpstreamStep,
  },
  { label: 'Test', title: 'Does it answer?', summary: 'It is called now, from the gateway.', Step: TestStep },
  {
    label: 'Credential',
    title: 'Whose credential does the upstream see?',
    summary: 'What clients send to the gateway never reaches the upstream.',
    Step: CredentialStep,
  },
  {
    label: 'Capabilities',
    title: 'What is offered?',
    summary: 'Live: whatever the upstream lists. Fixed: what you choose now, and nothing else.',
    Step: CapabilitiesStep,
  },
  {
    label: 'Sign-in',
    title: 'Who may use it?',
    summary: 'People sign in before anything is called.',
    Step: SignInStep,
  },
  { label: 'Name', title: 'What is it called?', summary: 'Clients and events go by the name.', Step: NameStep },
  { label: 'Review', title: 'This will be written', summary: 'The same files that you would edit.', Step: ReviewStep },
]

/** Adds a virtual server, step by step. Nothing is written before the last one. */
export function WizardScreen() {
  const [draft, setDraft] = useState<WizardDraft>(emptyDraft)
  const [active, setActive] = useState(0)
  const [furthest, setFurthest] = useState(0)
  const step = steps[active]
  const go = (index: number) => {
    setActive(index)
    setFurthest((before) => Math.max(before, index))
    window.scrollTo({ top: 0 })
  }
  const update = (change: Partial<WizardDraft>) => {
    setDraft((before) => ({ ...before, ...change }))
    // Another upstream: the steps after it are to be answered again.
    if (change.upstream) setFurthest(active)
  }
  return (
    <Screen title="New virtual server" above={<BackLink to="/virtual-servers">Virtual servers</BackLink>}>
      <Stepper active={active} onStepClick={go} size="xs" iconSize={26} className={styles['stepper'] ?? ''}>
        {steps.map(({ label }, index) => (
          <Stepper.Step
            key={label}
            label={label}
            allowStepSelect={index <= furthest}
            aria-current={index === active ? 'step' : undefined}
          />
        ))}
      </Stepper>
      {step && (
        <Panel title={step.title} summary={step.summary}>
          <step.Step draft={draft} update={update} onNext={() => go(active + 1)} />
        </Panel>
      )}
    </Screen>
  )
}
