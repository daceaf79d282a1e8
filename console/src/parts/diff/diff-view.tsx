import { useMemo } from 'react'
import styles from './diff-view.module.css'
import { type DiffLine, readDiff } from './read-diff.ts'

const marks: { readonly [Kind in DiffLine['kind']]: string } = { same: ' ', added: '+', removed: '−', gap: '⋯' }

interface DiffViewProps {
  /** For screen readers. */
  readonly label: string
  /** Unified diff of one file. */
  readonly diff: string
}

/** What changes in a file, line by line, with the numbers of the lines before and afterwards. */
export function DiffView({ label, diff }: DiffViewProps) {
  const lines = useMemo(() => readDiff(diff), [diff])
  return (
    // What scrolls must be reachable with the keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={styles['frame']} role="group" aria-label={label} tabIndex={0}>
      <table>
        <tbody>
          {lines.map(({ kind, text, before, after }) => (
            <tr key={`${before ?? ''}:${after ?? ''}:${kind}`} data-kind={kind}>
              <td data-number>{before}</td>
              <td data-number>{after}</td>
              <td data-mark>{marks[kind]}</td>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
