import { Link, type LinkProps } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import styles from './back-link.module.css'
import { Icon } from './icon.tsx'

/** The way back to the list that a screen belongs to. */
export function BackLink({
  to,
  children,
}: {
  readonly to: NonNullable<LinkProps['to']>
  readonly children: ReactNode
}) {
  return (
    <Link to={to} className={styles['back'] ?? ''}>
      <Icon name="left" size={12} />
      {children}
    </Link>
  )
}
