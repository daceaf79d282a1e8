import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256, sha256OfBytes } from '../lib/hash.ts'
import { pinsFile } from '../mcp/definitions/pins-file.ts'
import { readPendingFiles } from './edit/pending-edit.ts'
import type { Problem } from './project.ts'

export const settingsFile = 'sallyport.jsonc'
export const policiesFiles: readonly string[] = ['config/policies.json', 'config/policies.jsonc']
export const environmentFile = '.env'
const routesPattern = /\.oas\.(json|jsonc|yaml|yml)$/

/** True for the name of a file of routes, wherever it is. */
export function isRoutesFile(file: string): boolean {
  return routesPattern.test(file)
}

/** The bytes of the files of a project, by name relative to its directory: settings first, `.env` last. */
export type ProjectFiles = ReadonlyMap<string, Buffer>

/** Files of a project as they are, and what cannot be read. */
export interface ReadProjectFiles {
  readonly files: ProjectFiles
  readonly problems: readonly Problem[]
}

/**
 * Reads the files of a project. Never throws. Edits that were decided on, but whose files are not all in place because the process ended,
 * count: one never sees half of them.
 */
export async function readProjectFiles(directory: string): Promise<ReadProjectFiles> {
  const status = await stat(directory).catch(() => undefined)
  if (!status?.isDirectory()) {
    const remedy = 'Name the directory that holds sallyport.jsonc.'
    return { files: new Map(), problems: [problemAtStart(directory, 'this is not a directory', remedy)] }
  }
  for (let attempt = 1; ; attempt++) {
    const names = await listNames(directory)
    const before = await identify(directory, names)
    const read = await readNames(directory, names)
    // Files that were replaced in between may be of two different edits.
    if (attempt === mostAttempts || before === (await identify(directory, names))) return read
  }
}

const mostAttempts = 5

async function readNames(directory: string, names: readonly string[]): Promise<ReadProjectFiles> {
  const problems: Problem[] = []
  const found = new Map<string, Buffer>()
  for (const file of names) {
    try {
      found.set(file, await readFile(join(directory, file)))
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'ENOENT')
        problems.push(problemAtStart(file, `cannot be read (${code ?? 'unknown error'})`, undefined))
    }
  }
  return { files: orderFiles(await readPendingFiles(directory, found)), problems }
}

/** A text that is another one when a file was replaced. */
async function identify(directory: string, names: readonly string[]): Promise<string> {
  const identities = names.map(async (file) => {
    const status = await stat(join(directory, file)).catch(() => undefined)
    return status && `${status.ino} ${status.size} ${status.mtimeMs}`
  })
  return (await Promise.all(identities)).join('\n')
}

async function listNames(directory: string): Promise<string[]> {
  const entries = await readdir(join(directory, 'config')).catch((): string[] => [])
  const inConfig = entries.map((name) => `config/${name}`)
  const configured = inConfig.filter((file) => isRoutesFile(file) || policiesFiles.includes(file))
  return [settingsFile, ...configured, pinsFile, environmentFile]
}

/** Settings, routes by name, policies, pins, environment. */
export function orderFiles(files: ProjectFiles): ProjectFiles {
  const rank = (file: string): number => {
    if (file === settingsFile) return 0
    if (isRoutesFile(file)) return 1
    if (policiesFiles.includes(file)) return 2
    return file === environmentFile ? 4 : 3
  }
  const compare = (one: string, other: string) => (one < other ? -1 : 1)
  return new Map([...files].toSorted(([one], [other]) => rank(one) - rank(other) || compare(one, other)))
}

/** SHA-256 over the names and bytes of files. */
export function hashFiles(files: ProjectFiles): string {
  return sha256([...files].map(([name, bytes]) => `${name}\0${sha256OfBytes(bytes)}`).join('\n'))
}

export function problemAtStart(file: string, message: string, remedy: string | undefined): Problem {
  return { severity: 'error', file, line: 1, column: 1, path: '', message, remedy }
}
