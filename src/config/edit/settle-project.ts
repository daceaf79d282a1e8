import { readPendingEdit } from './pending-edit.ts'

/** Puts an edit that a process left behind into its place. Never throws: where files cannot be written, reading goes on to see the edit. */
export async function settleProject(directory: string): Promise<void> {
  if ((await readPendingEdit(directory)).length === 0) return
  const { finishPendingEdit } = await import('./write-files.ts')
  await finishPendingEdit(directory).catch(() => undefined)
}
