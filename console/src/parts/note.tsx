import type { ReactNode } from 'react'
import styles from './note.module.css'

interface NoteProps {
  readonly tone: 'good' | 'attention' | 'bad' | 'accent'
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
}

/** Something to know before going on. */
export function Note({ tone, title, children, action }: NoteProps) {
  return (
    <div className={styles['note']} data-tone={tone} role="note">
      <div>
        <strong>{title}</strong>
        {children && <div>{children}</div>}
      </div>
      {action}
    </div>
  )
}
