import type { ReactNode } from 'react'
import styles from './status-badge.module.css'

/** What a state means for whoever looks. `fine` is `good` where most are: it does not ask to be looked at. */
export type Tone = 'good' | 'fine' | 'attention' | 'bad' | 'quiet' | 'accent'

/** A word for a state, with a dot in the colour of what it means. */
export function StatusBadge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className={styles['badge']} data-tone={tone}>
      {children}
    </span>
  )
}
