import { readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sha256OfBytes } from '../../lib/hash.ts'
import { isJsonObject } from '../../lib/json.ts'

/** Says which edit is decided on. While it is there, the files as they will be count. */
export const pendingEditFile = '.sallyport-edit.json'

/** One file of an edit. Hashes are SHA-256 of the bytes; null: there is no file. */
export interface PendingFile {
  /** Relative to the project. */
  readonly file: string
  readonly before: string | null
  readonly after: string | null
  /** Name of the file beside it that holds what it will be; null: it will be gone. */
  readonly temporary: string | null
}

const emptyList: readonly PendingFile[] = []

/** The files of the edit that is decided on, usually none. */
export async function readPendingEdit(directory: string): Promise<readonly PendingFile[]> {
  try {
    const value: unknown = JSON.parse(await readFile(join(directory, pendingEditFile), 'utf8'))
    if (!isJsonObject(value) || !Array.isArray(value['files'])) return emptyList
    return value['files'].filter(isPendingFile)
  } catch {
    return emptyList
  }
}

function isPendingFile(value: unknown): value is PendingFile {
  if (!isJsonObject(value)) return false
  const { file, before, after, temporary } = value
  const isHash = (hash: unknown) => hash === null || typeof hash === 'string'
  const isName = temporary === null || (typeof temporary === 'string' && /^\.[\w.-]+\.tmp$/.test(temporary))
  // Nothing outside of the project is read or written because this file says so.
  return typeof file === 'string' && /^(config\/)?[\w.-]+$/.test(file) && isHash(before) && isHash(after) && isName
}

/** The directory where a file really is: links stay links. */
export async function realDirectoryOf(directory: string, file: string): Promise<string> {
  const path = join(directory, file)
  const target = await realpath(path).catch(() => undefined)
  return target === undefined ? realpath(dirname(path)) : dirname(target)
}

/** `found` with what is decided on in the place of what is there. A file that somebody changed since is left as it is. */
export async function readPendingFiles(
  directory: string,
  found: ReadonlyMap<string, Buffer>,
): Promise<ReadonlyMap<string, Buffer>> {
  const pending = await readPendingEdit(directory)
  if (pending.length === 0) return found
  const files = new Map(found)
  for (const { file, before, after, temporary } of pending) {
    if (hashOf(found.get(file)) !== before) continue
    if (temporary === null) files.delete(file)
    else {
      const temporaryPath = join(await realDirectoryOf(directory, file), temporary)
      // Without it, the file was put into its place between the two looks.
      const bytes =
        (await readFile(temporaryPath).catch(() => undefined)) ??
        (await readFile(join(directory, file)).catch(() => undefined))
      if (hashOf(bytes) === after && bytes !== undefined) files.set(file, bytes)
    }
  }
  return files
}

/** As in a pending edit. */
export function hashOf(bytes: Buffer | undefined): string | null {
  return bytes === undefined ? null : sha256OfBytes(bytes)
}
