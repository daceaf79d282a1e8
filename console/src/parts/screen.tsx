import type { ReactNode } from 'react'
import { useEffect } from 'react'
import styles from './screen.module.css'

interface ScreenProps {
  readonly title: string
  /** What the screen is for, in one sentence. */
  readonly summary?: ReactNode
  /** What can be done on the whole screen. */
  readonly actions?: ReactNode
  /** Way back, above the title. */
  readonly above?: ReactNode
  readonly children: ReactNode
}

/** A screen: its title, what can be done on it, and its content. */
export function Screen({ title, summary, actions, above, children }: ScreenProps) {
  useEffect(() => {
    document.title = `${title} · Sallyport`
  }, [title])
  return (
    <div className={styles['screen']}>
      {above}
      <header className={styles['header']}>
        <div>
          <h1>{title}</h1>
          {summary && <p className={styles['summary']}>{summary}</p>}
        </div>
        {actions && <div className={styles['actions']}>{actions}</div>}
      </header>
      {children}
    </div>
  )
}
