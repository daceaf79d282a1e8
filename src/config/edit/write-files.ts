import { link, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { randomToken } from '../../lib/random-id.ts'
import { hashOf, type PendingFile, pendingEditFile, readPendingEdit, realDirectoryOf } from './pending-edit.ts'

/** What files will hold, by name; null: they will be gone. */
export type FileContents = ReadonlyMap<string, Buffer | null>

/** Somebody changed a file between reading and writing it. */
export class FilesChangedError extends Error {
  override readonly name = 'FilesChangedError'
  readonly files: readonly string[]

  constructor(files: readonly string[]) {
    super(`changed meanwhile: ${files.join(', ')}`)
    this.files = files
  }
}

/**
 * Writes files of a project, all of them or none. Each is written beside its place; then one small file says that they count, which is the
 * moment of the change, also for a process that ends there; then each is put into its place. `before`: what every file has to be. Throws
 * `FilesChangedError` where one is not.
 */
export async function writeProjectFiles(
  directory: string,
  contents: FileContents,
  before: ReadonlyMap<string, Buffer | undefined>,
): Promise<void> {
  await finishPendingEdit(directory)
  const pending: PendingFile[] = []
  try {
    for (const [file, bytes] of contents) {
      const temporary = bytes && (await writeBeside(directory, file, bytes))
      const hashes = { before: hashOf(before.get(file)), after: hashOf(bytes ?? undefined) }
      pending.push({ file, ...hashes, temporary: temporary ?? null })
    }
    await refuseChanged(directory, pending)
    await announce(directory, pending)
  } catch (error) {
    for (const each of pending) await removeTemporary(directory, each)
    throw error
  }
  await finishPendingEdit(directory)
}

/** Puts into their places the files of an edit that was decided on. Does nothing where there is none, which is nearly always. */
export async function finishPendingEdit(directory: string): Promise<void> {
  const pending = await readPendingEdit(directory)
  if (pending.length === 0) return
  for (const each of pending) {
    const { file, before, temporary } = each
    const path = join(directory, file)
    const isUntouched = hashOf(await readFile(path).catch(() => undefined)) === before
    if (temporary === null && isUntouched) await rm(path, { force: true })
    if (temporary !== null && isUntouched) await putInPlace(directory, file, temporary)
    await removeTemporary(directory, each)
  }
  await syncDirectory(directory)
  await rm(join(directory, pendingEditFile), { force: true })
}

async function writeBeside(directory: string, file: string, bytes: Buffer): Promise<string> {
  const folder = await realDirectoryOf(directory, file)
  const temporary = `.${basename(file)}.${randomToken(6)}.tmp`
  // Who may read the file stays.
  const mode = (await stat(join(directory, file)).catch(() => undefined))?.mode
  const handle = await open(join(folder, temporary), 'wx', mode === undefined ? 0o644 : mode & 0o777)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return temporary
}

async function refuseChanged(directory: string, pending: readonly PendingFile[]): Promise<void> {
  const changed: string[] = []
  for (const { file, before } of pending) {
    if (hashOf(await readFile(join(directory, file)).catch(() => undefined)) !== before) changed.push(file)
  }
  if (changed.length > 0) throw new FilesChangedError(changed)
}

/** The file appears whole, and only where there is none: one process edits at a time. */
async function announce(directory: string, files: readonly PendingFile[]): Promise<void> {
  const whole = join(directory, `${pendingEditFile}.${randomToken(6)}.tmp`)
  await writeFile(whole, JSON.stringify({ files }), { mode: 0o600, flush: true })
  try {
    await link(whole, join(directory, pendingEditFile))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new FilesChangedError(files.map(({ file }) => file))
    throw error
  } finally {
    await rm(whole, { force: true })
  }
  await syncDirectory(directory)
}

async function putInPlace(directory: string, file: string, temporary: string): Promise<void> {
  const folder = await realDirectoryOf(directory, file)
  // A link stays one: what it leads to is replaced.
  const target = await realTarget(directory, file, folder)
  await rename(join(folder, temporary), target).catch((error: NodeJS.ErrnoException) => {
    // Another process finished it first.
    if (error.code !== 'ENOENT') throw error
  })
  await syncDirectory(folder)
}

async function realTarget(directory: string, file: string, folder: string): Promise<string> {
  return realpath(join(directory, file)).catch(() => join(folder, basename(file)))
}

async function removeTemporary(directory: string, { file, temporary }: PendingFile): Promise<void> {
  if (temporary === null) return
  const folder = await realDirectoryOf(directory, file).catch(() => undefined)
  if (folder !== undefined) await rm(join(folder, temporary), { force: true })
}

async function syncDirectory(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch {
    // Some file systems cannot; then the order of writes is theirs.
  } finally {
    await handle.close()
  }
}
