import type { Problem } from './project.ts'

/**
 * Problems as lines for people: `file:line:column`, path, what is wrong, what to write instead. The text of the file is not
 * shown: a line of policies.json may hold a secret, and this text goes to logs.
 */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('\n')
}

function formatProblem({ severity, file, line, column, path, message, remedy }: Problem): string {
  const head = `${file}:${line}:${column} ${severity}: ${message}`
  return [head, path && `    at ${path}`, remedy && `    ${remedy}`].filter(Boolean).join('\n')
}

/** `2 errors, 1 warning`. */
export function countProblems(problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === 'error').length
  const warnings = problems.length - errors
  const parts = [errors > 0 && count(errors, 'error'), warnings > 0 && count(warnings, 'warning')].filter(Boolean)
  return parts.join(', ') || 'no problems'
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
