import { type ReasonCode, reasons } from '../../../../src/errors/reasons.ts'
import { CopyText } from '../../parts/copy-text.tsx'
import { RowsLink } from '../../parts/rows-link.tsx'
import styles from './reason-note.module.css'

/** A documented reason: what the caller was told, how it comes about, and what to do. */
export function ReasonNote({ reason }: { readonly reason: ReasonCode }) {
  const { message, cause, remedy } = reasons[reason]
  return (
    <section className={styles['note']} aria-label="Reason">
      <header>
        <CopyText text={reason} />
        <RowsLink filter={{ reason }}>All with this reason</RowsLink>
      </header>
      <p>{message}</p>
      <dl>
        <dt>How it comes about</dt>
        <dd>{cause}</dd>
        <dt>What to do</dt>
        <dd>{remedy}</dd>
      </dl>
    </section>
  )
}
