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

/** The unified diff of one file. */
export function diffTexts(file: string, before: string | null, after: string | null): FileChange {
  const { hunks } = structuredPatch(file, file, before ?? '', after ?? '', undefined, undefined, { context: 3 })
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

/** An empty side begins in front of its first line. */
function range(start: number, count: number): string {
  return count === 1 ? String(start) : `${count === 0 ? Math.max(start - 1, 0) : start},${count}`
}
