/** One line of a diff. */
export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed' | 'gap'
  readonly text: string
  /** Number of the line before; undefined where it was added. */
  readonly before: number | undefined
  /** Number of the line afterwards; undefined where it was removed. */
  readonly after: number | undefined
}

const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/

/** The lines of a unified diff of one file. Between its hunks stands a gap. */
export function readDiff(diff: string): readonly DiffLine[] {
  const lines: DiffLine[] = []
  let [before, after] = [0, 0]
  let inside = false
  for (const line of diff.split('\n')) {
    const [, fromBefore, fromAfter] = hunk.exec(line) ?? []
    if (fromBefore !== undefined) {
      if (inside || Number(fromBefore) > 1) lines.push({ kind: 'gap', text: '', before: undefined, after: undefined })
      ;[before, after, inside] = [Number(fromBefore), Number(fromAfter), true]
    } else if (!inside) continue
    else if (line.startsWith('+')) lines.push({ kind: 'added', text: line.slice(1), before: undefined, after: after++ })
    else if (line.startsWith('-'))
      lines.push({ kind: 'removed', text: line.slice(1), before: before++, after: undefined })
    else if (line.startsWith(' ')) lines.push({ kind: 'same', text: line.slice(1), before: before++, after: after++ })
  }
  return lines
}
