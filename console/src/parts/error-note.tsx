import { AdminError } from '../api/admin-error.ts'
import styles from './error-note.module.css'

/** Why something that was asked for was not done. Nothing without an error. */
export function ErrorNote({ error }: { readonly error: Error | null | undefined }) {
  if (!error) return null
  const { reason, remedy } = error instanceof AdminError ? error : {}
  return (
    <div className={styles['note']} role="alert">
      <strong>{error.message}</strong>
      {remedy && <p>{remedy}</p>}
      {reason && <code>{reason}</code>}
    </div>
  )
}
