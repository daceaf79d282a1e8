import { Button, Group, Modal } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { refreshProject } from '../../api/refresh-project.ts'
import { useAdmin, useChange } from '../../api/use-admin.ts'
import { useMay } from '../../app/session.tsx'
import { CopyText } from '../../parts/copy-text.tsx'
import { DetailsDrawer } from '../../parts/details-drawer.tsx'
import { DiffView } from '../../parts/diff/diff-view.tsx'
import { ErrorNote } from '../../parts/error-note.tsx'
import { FactList } from '../../parts/fact-list.tsx'
import { formatDateTime } from '../../parts/format.ts'
import { Icon } from '../../parts/icon.tsx'
import { useMayApply } from '../../parts/owner-note.tsx'
import { PlanView } from '../../parts/plan-view.tsx'
import { StateMessage } from '../../parts/state-message.tsx'

/** One change of the files with its diff, and the way back from it. */
export function ChangeDrawer({ id, onClose }: { readonly id: string | undefined; readonly onClose: () => void }) {
  const read = useAdmin('getConfigChange', { params: { id: id ?? '' } }, { enabled: id !== undefined })
  const change = read.data?.id === id ? read.data : undefined
  return (
    <DetailsDrawer opened={id !== undefined} onClose={onClose} title="Change">
      {read.error && <StateMessage kind="error" error={read.error} />}
      {!change && !read.error && <StateMessage kind="loading" title="Loading" />}
      {change && (
        <>
          <FactList
            facts={[
              { name: 'When', value: formatDateTime(Date.parse(change.at)) },
              { name: 'Who', value: change.actor },
              { name: 'Why', value: change.note },
              { name: 'Change', value: <CopyText text={change.id} /> },
            ]}
          />
          {change.changes.map(({ file, diff }) => (
            <section key={file}>
              <h3>{file}</h3>
              <DiffView label={`Lines of ${file}`} diff={diff} />
            </section>
          ))}
          <Rollback id={change.id} onDone={onClose} />
        </>
      )}
    </DetailsDrawer>
  )
}

function Rollback({ id, onDone }: { readonly id: string; readonly onDone: () => void }) {
  const [opened, dialogue] = useDisclosure(false)
  const mayRollBack = useMay('editor')
  const queries = useQueryClient()
  const plan = useAdmin('previewRollback', { params: { id } }, { enabled: opened })
  const rollback = useChange('rollbackConfig', [])
  const confirm = (version: string) =>
    rollback.mutate(
      { params: { id }, body: {}, ifMatch: `"${version}"` },
      {
        onSuccess: () => {
          refreshProject(queries)
          dialogue.close()
          onDone()
          notifications.show({
            color: 'green',
            title: 'Taken back',
            message: 'The gateway runs the files as they were.',
          })
        },
      },
    )
  const mayApply = useMayApply(plan.data?.needsOwner ?? [])
  if (!mayRollBack) return null
  return (
    <>
      <Button variant="default" w="fit-content" leftSection={<Icon name="history" size={14} />} onClick={dialogue.open}>
        Take this change back
      </Button>
      <Modal
        opened={opened}
        onClose={dialogue.close}
        size="xl"
        title="Take this change back?"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {plan.error && <StateMessage kind="error" error={plan.error} />}
        {!plan.data && !plan.error && <StateMessage kind="loading" title="Comparing" />}
        {plan.data && (
          <>
            <PlanView plan={plan.data} />
            <ErrorNote error={rollback.error} />
            <Group justify="flex-end" mt="md">
              <Button variant="default" onClick={dialogue.close}>
                Cancel
              </Button>
              <Button
                loading={rollback.isPending}
                disabled={!plan.data.ok || !mayApply || plan.data.changes.length === 0}
                onClick={() => confirm(plan.data.version)}
              >
                Take back and run
              </Button>
            </Group>
          </>
        )}
      </Modal>
    </>
  )
}
