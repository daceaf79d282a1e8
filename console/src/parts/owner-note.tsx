import type { OperationResult } from '../../../src/admin/api-types.ts'
import { useMay } from '../app/session.tsx'
import { Note } from './note.tsx'

type OwnerChanges = OperationResult<'validateConfig'>['needsOwner']

interface OwnerNoteProps {
  readonly changes: OwnerChanges
}

/** Whether whoever is signed in may apply an edit with these changes. The gateway decides again. */
export function useMayApply(changes: OwnerChanges): boolean {
  return useMay('owner') || changes.length === 0
}

/** What of an edit only an owner may apply: to an owner what to look at, to others that they cannot. */
export function OwnerNote({ changes }: OwnerNoteProps) {
  const isOwner = useMay('owner')
  if (changes.length === 0) return null
  return (
    <Note
      tone={isOwner ? 'attention' : 'bad'}
      title={isOwner ? 'Only an owner may do this: look twice' : 'An owner has to apply this'}
    >
      <ul>
        {changes.map(({ what, reason }) => (
          <li key={what}>{reason === 'admin_role_required' ? `Changes ${what}` : what}</li>
        ))}
      </ul>
      {!isOwner && 'Nothing is saved for you. Send the diff to somebody with the role owner.'}
    </Note>
  )
}
