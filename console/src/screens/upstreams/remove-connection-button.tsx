import { notifications } from '@mantine/notifications'
import { useChange } from '../../api/use-admin.ts'
import type { ItemOf } from '../../api/use-admin-pages.ts'
import { useMay } from '../../app/session.tsx'
import { ConfirmButton } from '../../parts/confirm-button.tsx'

/** Removes a connection, and says what became of its tokens. */
export function RemoveConnectionButton({ connection }: { readonly connection: ItemOf<'listConnections'> }) {
  const { id, owner, upstream } = connection
  const remove = useChange('removeConnection', ['listConnections', 'listUpstreams'])
  const mayRemove = useMay('editor')
  if (!mayRemove) return null
  const confirm = async () => {
    const { outcome } = await remove.mutateAsync({ params: { id } })
    notifications.show({ title: 'Connection removed', message: outcome })
  }
  return (
    <ConfirmButton
      label="Remove"
      question={`Remove the connection to ${upstream}?`}
      onConfirm={confirm}
      pending={remove.isPending}
      error={remove.error}
    >
      It is {owner === null ? 'the one that serves everybody' : `that of ${owner}`}. Calls that need it are answered
      with a link to connect again; its tokens are revoked at the upstream where that is possible.
    </ConfirmButton>
  )
}
