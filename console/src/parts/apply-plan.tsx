import { Button, Group, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { OperationBody } from '../../../src/admin/api-types.ts'
import { AdminError } from '../api/admin-error.ts'
import { refreshProject } from '../api/refresh-project.ts'
import { useChange } from '../api/use-admin.ts'
import { ErrorNote } from './error-note.tsx'
import { useMayApply } from './owner-note.tsx'
import { type ConfigPlan, PlanView } from './plan-view.tsx'

interface ApplyPlanProps {
  readonly plan: ConfigPlan
  readonly edits: OperationBody<'applyConfig'>['edits']
  readonly label: string
  /** Leaves what is no more; then everything is read again. */
  readonly onApplied: () => void | Promise<void>
  readonly onCancel?: () => void
  /** Makes the plan again: the files changed meanwhile. */
  readonly onOutdated: () => void
}

/** A plan, and the button that carries it out. What changed meanwhile is never overwritten. */
export function ApplyPlan({ plan, edits, label, onApplied, onCancel, onOutdated }: ApplyPlanProps) {
  const [note, setNote] = useState('')
  const queries = useQueryClient()
  const apply = useChange('applyConfig', [])
  const mayApply = useMayApply(plan.needsOwner)
  const outdated = apply.error instanceof AdminError && apply.error.status === 412
  const submit = () =>
    apply.mutate(
      { body: { edits, ...(note !== '' && { note }) }, ifMatch: `"${plan.version}"` },
      {
        onSuccess: () => {
          void Promise.resolve(onApplied()).then(() => refreshProject(queries))
        },
      },
    )
  return (
    <>
      <PlanView plan={plan} />
      <ErrorNote error={apply.error} />
      {plan.readOnly === null && (
        <Group justify="space-between" align="flex-end" mt="md">
          <TextInput
            label="Why"
            description="For the history."
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
            style={{ flex: '1 1 260px' }}
            maxLength={500}
          />
          <Group>
            {onCancel && (
              <Button variant="default" onClick={onCancel}>
                Cancel
              </Button>
            )}
            {outdated ? (
              <Button onClick={onOutdated}>Compare again</Button>
            ) : (
              <Button
                onClick={submit}
                loading={apply.isPending}
                disabled={!plan.ok || !mayApply || plan.changes.length === 0}
              >
                {label}
              </Button>
            )}
          </Group>
        </Group>
      )}
    </>
  )
}
