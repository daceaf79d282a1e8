import { diffArrays } from 'diff'
import { mostEdits } from './diff-texts.ts'

/** Lines that take the place of others; `start` and `end` count lines of the base from 0. */
interface Hunk {
  readonly start: number
  readonly end: number
  readonly lines: readonly string[]
}

/**
 * The text `own` with what `edited` changed of `base`, line by line. Where both changed the same lines of the base, `edited` counts for them.
 */
export function mergeLines(base: string, own: string, edited: string): string {
  const lines = base.split('\n')
  const ownHunks = listHunks(lines, own.split('\n'))
  const edits = listHunks(lines, edited.split('\n'))
  const kept = ownHunks.filter((hunk) => !edits.some((edit) => overlaps(hunk, edit)))
  const hunks = [...kept, ...edits].toSorted((one, other) => one.start - other.start || one.end - other.end)
  const merged: string[] = []
  let position = 0
  for (const { start, end, lines: replaced } of hunks) {
    merged.push(...lines.slice(position, start), ...replaced)
    position = end
  }
  return [...merged, ...lines.slice(position)].join('\n')
}

function overlaps(one: Hunk, other: Hunk): boolean {
  // What is only put in between two lines is in nobody's way at the end of theirs.
  return one.start < other.end && other.start < one.end
}

function listHunks(base: readonly string[], other: readonly string[]): readonly Hunk[] {
  const changes = diffArrays([...base], [...other], { maxEditLength: mostEdits })
  if (changes === undefined) return [{ start: 0, end: base.length, lines: other }]
  const hunks: Hunk[] = []
  let position = 0
  let open: { start: number; end: number; lines: string[] } | undefined
  for (const { added, removed, value } of changes) {
    if (!added && !removed) {
      if (open) hunks.push(open)
      open = undefined
      position += value.length
      continue
    }
    open ??= { start: position, end: position, lines: [] }
    if (added) open.lines.push(...value)
    else {
      position += value.length
      open.end = position
    }
  }
  return open ? [...hunks, open] : hunks
}
