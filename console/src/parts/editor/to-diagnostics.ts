import type { Diagnostic } from '@codemirror/lint'
import type { Text } from '@codemirror/state'

/** Something wrong with the text, where it is (both count from 1), and what to do. */
export interface EditorProblem {
  readonly severity: 'error' | 'warning'
  readonly line: number
  readonly column: number
  readonly message: string
  readonly remedy?: string | null
}

/** Problems as the editor shows them: from their place to the end of the word that is there. */
export function toDiagnostics(text: Text, problems: readonly EditorProblem[]): Diagnostic[] {
  return problems.map(({ severity, line, column, message, remedy }) => {
    const at = text.line(Math.min(Math.max(1, line), text.lines))
    const from = Math.min(at.from + Math.max(0, column - 1), at.to)
    const word = /^(?:"[^"]*"|[^\s,:{}[\]]+)/.exec(text.sliceString(from, at.to))?.[0].length ?? 0
    return {
      from,
      to: Math.min(from + Math.max(1, word), text.length),
      severity,
      message: remedy ? `${message}\n${remedy}` : message,
    }
  })
}
