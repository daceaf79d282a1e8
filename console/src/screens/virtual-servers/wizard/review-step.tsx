import { notifications } from '@mantine/notifications'
import { useNavigate } from '@tanstack/react-router'
import { useAdmin } from '../../../api/use-admin.ts'
import { ApplyPlan } from '../../../parts/apply-plan.tsx'
import { CopyText } from '../../../parts/copy-text.tsx'
import { FactList } from '../../../parts/fact-list.tsx'
import { Note } from '../../../parts/note.tsx'
import { StateMessage } from '../../../parts/state-message.tsx'
import { type StepProps, toAnswers } from './wizard-draft.ts'

/** What will be written, what is left to do, and the button that saves. */
export function ReviewStep({ draft }: StepProps) {
  const navigate = useNavigate()
  const body = toAnswers(draft)
  const plan = useAdmin('planVirtualServer', body ? { body } : ({} as never), { enabled: body !== undefined })
  if (!body) return <StateMessage kind="empty" title="Something is not answered yet" icon="warning" />
  if (plan.error) return <StateMessage kind="error" error={plan.error} onRetry={() => void plan.refetch()} />
  if (!plan.data) return <StateMessage kind="loading" title="Working out what to write" />
  const { edits, name, url, callbackUrl, variables, steps } = plan.data
  const applied = () => {
    notifications.show({ color: 'green', title: 'Saved', message: `${name} runs. Connect a client, or try a tool.` })
    return navigate({ to: '/virtual-servers/$name', params: { name } })
  }
  return (
    <div style={{ display: 'grid', gap: 14, gridTemplateColumns: 'minmax(0, 1fr)' }}>
      <FactList
        facts={[
          { name: 'Clients reach it at', value: <CopyText text={url} /> },
          { name: 'Upstream', value: <CopyText text={draft.url ?? ''} /> },
          { name: 'Credential', value: draft.credential.mode },
          {
            name: 'Callback at the upstream',
            value: draft.credential.mode.endsWith('oauth') && <CopyText text={callbackUrl} />,
          },
        ]}
      />
      {variables.length > 0 && (
        <Note tone="attention" title="Set these variables before the gateway runs it">
          <code>{variables.join(' ')}</code>
        </Note>
      )}
      {steps.length > 0 && (
        <Note tone="accent" title="What is left to do afterwards">
          <ul>
            {steps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ul>
        </Note>
      )}
      <ApplyPlan
        plan={plan.data}
        edits={edits}
        label="Save and run"
        onApplied={applied}
        onOutdated={() => void plan.refetch()}
      />
    </div>
  )
}
