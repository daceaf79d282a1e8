import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { EventFilter } from '../api/event-filter.ts'
import styles from './rows-link.module.css'

interface RowsLinkProps {
  readonly filter: EventFilter
  readonly children: ReactNode
  /** What it opens, for screen readers, where the number alone does not say. */
  readonly label?: string
}

/** A number, or a word, that opens the exchanges behind it. */
export function RowsLink({ filter, children, label }: RowsLinkProps) {
  return (
    <Link to="/traffic" search={filter} className={styles['link'] ?? ''} onClick={(event) => event.stopPropagation()}>
      {children}
      {label !== undefined && <span className="visually-hidden"> {label}</span>}
    </Link>
  )
}
