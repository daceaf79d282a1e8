import { useMemo, useState } from 'react'
import type { OperationBody } from '../../../../src/admin/api-types.ts'

export type ConfigEdit = OperationBody<'diffConfig'>['edits'][number]

/** A text that was edited and not written yet. */
interface Draft {
  /** Version of the text that was edited. */
  readonly base: string
  readonly text: string
}

/** What was edited in this browser, of several files at once. */
export interface Drafts {
  textOf(file: string): string | undefined
  write(file: string, base: string, text: string, original: string): void
  discard(file?: string): void
  readonly files: readonly string[]
  readonly edits: ConfigEdit[]
}

/** Keeps edited texts until they are written or discarded. */
export function useDrafts(): Drafts {
  const [drafts, setDrafts] = useState<{ readonly [file: string]: Draft }>({})
  return useMemo(() => {
    const without = (file: string) => Object.fromEntries(Object.entries(drafts).filter(([name]) => name !== file))
    return {
      textOf: (file) => drafts[file]?.text,
      write: (file, base, text, original) =>
        setDrafts(
          text === original ? without(file) : { ...drafts, [file]: { base: drafts[file]?.base ?? base, text } },
        ),
      discard: (file) => setDrafts(file === undefined ? {} : without(file)),
      files: Object.keys(drafts),
      edits: Object.entries(drafts).map(([file, { base, text }]) => ({ kind: 'write', file, base, text })),
    }
  }, [drafts])
}
