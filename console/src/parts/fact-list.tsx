import type { ReactNode } from 'react'
import styles from './fact-list.module.css'

/** A name and what it is; entries whose value is null, undefined or empty are left out. */
export interface Fact {
  readonly name: string
  readonly value: ReactNode
}

/** Names beside their values. */
export function FactList({ facts }: { readonly facts: readonly Fact[] }) {
  const known = facts.filter(({ value }) => value !== null && value !== undefined && value !== false && value !== '')
  return (
    <dl className={styles['list']}>
      {known.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
