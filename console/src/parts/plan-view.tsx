import type { OperationResult } from '../../../src/admin/api-types.ts'
import { CodeBlock } from './code-block.tsx'
import { DiffView } from './diff/diff-view.tsx'
import { Note } from './note.tsx'
import { OwnerNote } from './owner-note.tsx'
import styles from './plan-view.module.css'
import { ProblemList } from './problem-list.tsx'

/** What edits would write. */
export type ConfigPlan = OperationResult<'diffConfig'>

/** What edits would write, file by file, and whether the project would run with them. */
export function PlanView({ plan }: { readonly plan: ConfigPlan }) {
  const { changes, problems, needsOwner, needsRestart, readOnly } = plan
  return (
    <div className={styles['plan']}>
      {readOnly !== null && (
        <Note tone="attention" title="The console does not write here">
          {readOnly} Commit this diff where the files are kept.
        </Note>
      )}
      <OwnerNote changes={needsOwner} />
      {needsRestart.length > 0 && (
        <Note tone="attention" title="The gateway must be started again">
          These settings cannot change while it runs: {needsRestart.join(', ')}
        </Note>
      )}
      <ProblemList problems={problems} />
      {changes.length === 0 && <p className="soft">Nothing would be different.</p>}
      {changes.map(({ file, change, additions, deletions, diff }) => (
        <section key={file} aria-label={`Diff of ${file}`}>
          <header className={styles['file']}>
            <code>{file}</code>
            <span className="soft">{change}</span>
            <span className={styles['added']}>+{additions}</span>
            <span className={styles['removed']}>−{deletions}</span>
          </header>
          {readOnly === null ? (
            <DiffView label={`Lines of ${file}`} diff={diff} />
          ) : (
            <CodeBlock label={`diff of ${file}`} text={diff} />
          )}
        </section>
      ))}
    </div>
  )
}
