import type { OperationResult } from '../../../src/admin/api-types.ts'
import { Icon } from './icon.tsx'
import styles from './problem-list.module.css'

/** Something wrong with the project, and where. */
export type Problem = OperationResult<'validateConfig'>['problems'][number]

interface ProblemListProps {
  readonly problems: readonly Problem[]
  /** Goes to the place of one. */
  readonly onOpen?: (problem: Problem) => void
}

/** Every problem with its place and what to write instead. Nothing without one. */
export function ProblemList({ problems, onOpen }: ProblemListProps) {
  if (problems.length === 0) return null
  return (
    <ul className={styles['list']} aria-label="Problems">
      {problems.map((problem) => {
        const { severity, file, line, column, message, remedy } = problem
        const place = `${file}:${line}:${column}`
        return (
          <li key={`${place} ${message}`} data-severity={severity}>
            <Icon name={severity} />
            <div>
              <p>{message}</p>
              {remedy !== null && <p className="soft">{remedy}</p>}
              {onOpen ? (
                <button type="button" onClick={() => onOpen(problem)}>
                  {place}
                </button>
              ) : (
                <code>{place}</code>
              )}
            </div>
          </li>
        )
      })}
    </ul>
  )
}
