import { Button, Group } from '@mantine/core'
import { useDebouncedValue, useDisclosure } from '@mantine/hooks'
import { useBlocker } from '@tanstack/react-router'
import { useAdmin } from '../../api/use-admin.ts'
import type { ItemOf } from '../../api/use-admin-pages.ts'
import { useMay } from '../../app/session.tsx'
import { OwnerNote } from '../../parts/owner-note.tsx'
import { Panel } from '../../parts/panel.tsx'
import { ProblemList } from '../../parts/problem-list.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { FileEditor } from './file-editor.tsx'
import { FileList } from './file-list.tsx'
import styles from './files-tab.module.css'
import { ReviewDialogue } from './review-dialogue.tsx'
import { useDrafts } from './use-drafts.ts'

interface FilesTabProps {
  readonly files: readonly ItemOf<'listConfigFiles'>[]
  readonly chosen: string | undefined
  readonly onChoose: (file: string) => void
}

/** The files beside an editor; problems are looked for while somebody writes. */
export function FilesTab({ files, chosen, onChoose }: FilesTabProps) {
  const drafts = useDrafts()
  const mayEdit = useMay('editor')
  const [reviewing, review] = useDisclosure(false)
  const [edits] = useDebouncedValue(drafts.edits, 400)
  const changed = drafts.files.length > 0
  const check = useAdmin(
    'validateConfig',
    { body: { edits: edits } },
    { enabled: mayEdit && changed && edits.length > 0 },
  )
  const file = files.find((each) => each.file === chosen) ?? files[0]
  useBlocker({
    shouldBlockFn: ({ next }) =>
      changed && next.pathname !== '/configuration' && !window.confirm('Leave, and lose what is not saved?'),
    enableBeforeUnload: changed,
  })
  if (!file) {
    return (
      <StateMessage kind="empty" icon="file" title="The project has no files">
        Run <code>sallyport init</code> in its directory.
      </StateMessage>
    )
  }
  const problems = changed ? (check.data?.problems ?? []) : []
  return (
    <div className={styles['columns']}>
      <FileList files={files} chosen={file.file} changed={drafts.files} problems={problems} onChoose={onChoose} />
      <Panel
        title={file.file}
        flush
        actions={
          <Group>
            {changed && <CheckState isChecking={check.isFetching || edits !== drafts.edits} ok={check.data?.ok} />}
            {changed && (
              <>
                <Button variant="default" onClick={() => drafts.discard()}>
                  Discard
                </Button>
                <Button onClick={review.open}>Review changes</Button>
              </>
            )}
          </Group>
        }
      >
        <FileEditor key={file.file} file={file} drafts={drafts} problems={problems} mayEdit={mayEdit} />
        {changed && <OwnerNote changes={check.data?.needsOwner ?? []} />}
        {problems.length > 0 && (
          <div className={styles['problems']}>
            <ProblemList problems={problems} onOpen={({ file: name }) => onChoose(name)} />
          </div>
        )}
      </Panel>
      <ReviewDialogue opened={reviewing} drafts={drafts} onClose={review.close} />
    </div>
  )
}

function CheckState({ isChecking, ok }: { readonly isChecking: boolean; readonly ok: boolean | undefined }) {
  if (isChecking) return <StatusBadge tone="quiet">Checking</StatusBadge>
  return ok ? (
    <StatusBadge tone="good">It would run</StatusBadge>
  ) : (
    <StatusBadge tone="bad">It would not run</StatusBadge>
  )
}
