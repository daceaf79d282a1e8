import { countProblems, formatProblems } from './format-problems.ts'
import type { Problem } from './project.ts'

/** A project cannot run. Thrown when a gateway is to start with it; carries everything that keeps it from running. */
export class ProjectError extends Error {
  override readonly name = 'ProjectError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(`${countProblems(problems)}\n${formatProblems(problems)}`)
    this.problems = problems
  }
}
