import { structuredPatch } from 'diff'

/** What changed of one file. Texts are null where there is no file. */
export interface FileChange {
  readonly file: string
  readonly change: 'added' | 'changed' | 'removed'
  /** Unified diff as `git apply` takes it. */
  readonly diff: string
  readonly additions: number
  readonly deletions: number
  readonly before: string | null
  readonly after: string | null
}

/** Lines that may differ before nobody looks for the shortest diff any more: the time for it grows with their square, and calls wait. */
export const mostEdits = 1000

/** The unified diff of one file. Where more than `mostEdits` lines differ, every line is replaced. */
export function diffTexts(file: string, before: string | null, after: string | null): FileChange {
  const [old, fresh] = [before ?? '', after ?? '']
  const options = { context: 3, maxEditLength: mostEdits }
  const hunks = structuredPatch(file, file, old, fresh, undefined, undefined, options)?.hunks ?? [
    replaceAll(old, fresh),
  ]
  const lines = hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines: changed }) => [
    `@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`,
    ...changed,
  ])
  const count = (sign: string) => hunks.flatMap((hunk) => hunk.lines).filter((line) => line.startsWith(sign)).length
  const head = [before === null ? '--- /dev/null' : `--- a/${file}`, after === null ? '+++ /dev/null' : `+++ b/${file}`]
  return {
    file,
    change: before === null ? 'added' : after === null ? 'removed' : 'changed',
    diff: lines.length === 0 ? '' : `${[...head, ...lines].join('\n')}\n`,
    additions: count('+'),
    deletions: count('-'),
    before,
    after,
  }
}

function replaceAll(before: string, after: string) {
  const [removed, added] = [signLines('-', before), signLines('+', after)]
  const count = (lines: readonly string[]) => lines.filter((line) => !line.startsWith('\\')).length
  return {
    oldStart: 1,
    oldLines: count(removed),
    newStart: 1,
    newLines: count(added),
    lines: [...removed, ...added],
  }
}

function signLines(sign: string, text: string): readonly string[] {
  if (text === '') return []
  const lines = text.replace(/\n$/, '').split('\n')
  const end = text.endsWith('\n') ? [] : ['\\ No newline at end of file']
  return [...lines.map((line) => sign + line), ...end]
}

/** An empty side begins in front of its first line. */
function range(start: number, count: number): string {
  return count === 1 ? String(start) : `${count === 0 ? Math.max(start - 1, 0) : start},${count}`
}
