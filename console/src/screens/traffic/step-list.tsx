import { parseSteps, type StepPhase } from '../../../../src/lib/steps.ts'
import { formatMs } from '../../parts/format.ts'
import styles from './step-list.module.css'

const phases: { readonly [Phase in StepPhase]: string } = {
  request: 'on the request',
  body: 'body read',
  message: 'on the message',
  cache: 'from the catalogue cache',
  upstream: 'upstream',
  result: 'on the result',
}

/** Every policy, phase and handler the exchange went through: what each decided, why, and how long it took. */
export function StepList({ steps, stepMs }: { readonly steps: string; readonly stepMs: string | null }) {
  return (
    <section aria-label="Steps">
      <h3>Steps</h3>
      <ol className={styles['list']}>
        {parseSteps(steps, stepMs).map(({ phase, name, decision, ms, detail }) => (
          <li key={`${phase} ${name}`} data-decision={decision}>
            <span className={styles['name']}>
              {name === '' ? phases[phase] : name}
              {name !== '' && <span className={styles['phase']}>{phases[phase]}</span>}
            </span>
            <span className={styles['decision']}>{decision}</span>
            <span className={styles['time']}>{formatMs(ms)}</span>
            {detail !== undefined && <span className={styles['detail']}>{detail}</span>}
          </li>
        ))}
      </ol>
    </section>
  )
}
