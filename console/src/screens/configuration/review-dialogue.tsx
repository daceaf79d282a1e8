import { Modal } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useAdmin } from '../../api/use-admin.ts'
import { ApplyPlan } from '../../parts/apply-plan.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import type { Drafts } from './use-drafts.ts'

interface ReviewDialogueProps {
  readonly opened: boolean
  readonly drafts: Drafts
  readonly onClose: () => void
}

/** Shows what the edits would write, and writes them. */
export function ReviewDialogue({ opened, drafts, onClose }: ReviewDialogueProps) {
  const plan = useAdmin('diffConfig', { body: { edits: drafts.edits } }, { enabled: opened && drafts.edits.length > 0 })
  const applied = () => {
    drafts.discard()
    onClose()
    notifications.show({ color: 'green', title: 'Saved', message: 'The gateway runs it.' })
  }
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="xl"
      title="Review changes"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {plan.error && <StateMessage kind="error" error={plan.error} onRetry={() => void plan.refetch()} />}
      {!plan.data && !plan.error && <StateMessage kind="loading" title="Comparing" />}
      {plan.data && !plan.error && (
        <ApplyPlan
          plan={plan.data}
          edits={drafts.edits}
          label="Save and run"
          onApplied={applied}
          onCancel={onClose}
          onOutdated={() => void plan.refetch()}
        />
      )}
    </Modal>
  )
}
