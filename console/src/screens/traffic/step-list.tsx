import { formatMs } from '../../parts/format.ts'
import { readSteps } from './read-steps.ts'
import styles from './step-list.module.css'

/** Every policy, phase and handler the exchange went through: what each decided, and how long it took. */
export function StepList({ steps }: { readonly steps: string }) {
  const list = readSteps(steps)
  return (
    <section aria-label="Steps">
      <h3>Steps</h3>
      <ol className={styles['list']}>
        {list.map(({ name, decision, milliseconds }, index) => (
          <li key={`${index}-${name}`} data-decision={decision}>
            <span className={styles['name']}>{name}</span>
            <span className={styles['decision']}>{decision}</span>
            <span className={styles['time']}>{formatMs(milliseconds)}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}
