import { type FSWatcher, watch } from 'node:fs'
import { join, resolve } from 'node:path'
import { hashProject } from './load-project.ts'

/** How a project is watched. Milliseconds. */
export interface WatchOptions {
  /** Quiet time after a change before files are read: editors write in several steps. Default 60. */
  readonly debounceMs?: number
  /** How often files are read although nothing was announced. Default 2,000. */
  readonly pollMs?: number
  /** `contentHash` of the project that runs now. Default: what the files hold when watching begins. */
  readonly contentHash?: string
}

/** A watch that can be ended. Resolves `ready` when every later change will be noticed. */
export interface ProjectWatch {
  readonly ready: Promise<void>
  close(): void
}

/**
 * Calls `onChange` whenever the files of a project hold something else than before. Directories are watched, not files: editors
 * replace files, and Kubernetes swaps a symbolic link. Some file systems announce nothing, so the files are also read now and then.
 */
export function watchProject(directory: string, onChange: () => void, options: WatchOptions = {}): ProjectWatch {
  const { debounceMs = 60, pollMs = 2000 } = options
  const folders = [resolve(directory), join(resolve(directory), 'config')]
  const watchers = new Map<string, FSWatcher>()
  let known = options.contentHash
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const compare = async (): Promise<void> => {
    watchFolders()
    const current = await hashProject(directory)
    if (closed || current === known) return
    const isFirst = known === undefined
    known = current
    if (!isFirst) onChange()
  }
  // One comparison after the other: an older reading must not arrive after a newer one.
  let last = Promise.resolve()
  const enqueue = (): Promise<void> => (last = last.then(compare))
  const scheduleCompare = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void enqueue(), debounceMs)
  }
  const watchFolders = (): void => {
    for (const folder of folders) {
      if (closed || watchers.has(folder)) continue
      const watcher = watchFolder(folder, scheduleCompare, () => watchers.delete(folder))
      if (watcher) watchers.set(folder, watcher)
    }
  }
  const poll = setInterval(() => void enqueue(), pollMs)
  poll.unref()
  return {
    ready: enqueue(),
    close() {
      closed = true
      clearInterval(poll)
      clearTimeout(timer)
      for (const watcher of watchers.values()) watcher.close()
    },
  }
}

/** Undefined where the folder cannot be watched, e.g. because it does not exist yet: then the poll finds changes. */
function watchFolder(folder: string, onEvent: () => void, onLost: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent)
    watcher.on('error', () => {
      watcher.close()
      onLost()
    })
    return watcher
  } catch {
    return undefined
  }
}
