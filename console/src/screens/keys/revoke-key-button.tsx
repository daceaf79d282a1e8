import { useChange } from '../../api/use-admin.ts'
import type { ItemOf } from '../../api/use-admin-pages.ts'
import { useMay } from '../../app/session.tsx'
import { ConfirmButton } from '../../parts/confirm-button.tsx'

/** Revokes a key that lives; nothing for others. */
export function RevokeKeyButton({ apiKey }: { readonly apiKey: ItemOf<'listKeys'> }) {
  const { id, tenant, consumer, state } = apiKey
  const revoke = useChange('revokeKey', ['listKeys'])
  const mayRevoke = useMay('editor')
  if (state !== 'live' || !mayRevoke) return null
  return (
    <ConfirmButton
      label="Revoke"
      question={`Revoke the key of ${consumer}?`}
      onConfirm={() => revoke.mutateAsync({ params: { id }, query: { tenant } })}
      pending={revoke.isPending}
      error={revoke.error}
    >
      Calls with it are refused within a second, and what runs under it ends. A revoked key cannot be brought back.
    </ConfirmButton>
  )
}
