import type { ReactNode } from 'react'
import { useId } from 'react'
import styles from './panel.module.css'

interface PanelProps {
  readonly title: string
  readonly summary?: ReactNode
  readonly actions?: ReactNode
  /** The content goes to the edges: a table. */
  readonly flush?: boolean
  readonly children: ReactNode
}

/** A card with a heading. */
export function Panel({ title, summary, actions, flush = false, children }: PanelProps) {
  const id = useId()
  return (
    <section className={styles['panel']} aria-labelledby={id}>
      <header className={styles['header']}>
        <div>
          <h2 id={id}>{title}</h2>
          {summary && <p className={styles['summary']}>{summary}</p>}
        </div>
        {actions}
      </header>
      <div className={flush ? styles['flush'] : styles['body']}>{children}</div>
    </section>
  )
}
