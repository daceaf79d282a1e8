import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { EventFilter } from '../api/event-filter.ts'
import styles from './rows-link.module.css'

interface RowsLinkProps {
  readonly filter: EventFilter
  readonly children: ReactNode
  readonly label?: string
}

/** A number, or a word, that opens the exchanges behind it. */
export function RowsLink({ filter, children, label }: RowsLinkProps) {
  return (
    <Link
      to="/traffic"
      search={filter}
      className={styles['link'] ?? ''}
      onClick={(event) => event.stopPropagation()}
      {...(label !== undefined && { 'aria-label': label })}
    >
      {children}
    </Link>
  )
}
