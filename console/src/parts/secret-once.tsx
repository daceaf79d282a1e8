import { CodeBlock } from './code-block.tsx'
import styles from './secret-once.module.css'

/** A secret in the only moment in which it can be read. */
export function SecretOnce({ secret, what }: { readonly secret: string; readonly what: string }) {
  return (
    <div className={styles['note']} role="status">
      <p>
        <strong>Copy the {what} now.</strong> It is kept as a hash and cannot be shown again.
      </p>
      <CodeBlock text={secret} label={what} />
    </div>
  )
}
