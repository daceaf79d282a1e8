import { isUtf8 } from 'node:buffer'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { sha256, sha256OfBytes } from '../lib/hash.ts'
import { pinsFile } from '../mcp/definitions/pins-file.ts'
import { formatPath } from './json-path.ts'
import { parseJsonc } from './parse-jsonc.ts'
import type { Problem } from './project.ts'
import { emptyDocument, lineFinder, newSourceDocument, type SourceDocument } from './source-document.ts'

/** Values of the variables that project files may name. */
export type Environment = { readonly [name: string]: string | undefined }

/** The files of a project as read: parsed, with positions, not checked yet. */
export interface ProjectSources {
  /** Absolute path. */
  readonly directory: string
  readonly settings: SourceDocument
  /** In alphabetical order of their file names. */
  readonly routes: readonly SourceDocument[]
  readonly policies: SourceDocument
  /** `sallyport.pins.json`; empty when there is none. */
  readonly pins: SourceDocument
  /** `.env` of the project under the environment of the process, which wins. */
  readonly environment: Environment
  /** SHA-256 over the names and bytes of all files. */
  readonly contentHash: string
  /** Missing files and syntax errors. */
  readonly problems: readonly Problem[]
}

const settingsFile = 'sallyport.jsonc'
const policiesFiles = ['config/policies.json', 'config/policies.jsonc']
const routesPattern = /\.oas\.(json|jsonc|yaml|yml)$/

/** Names of the files that make up a project, relative to its directory, settings first, `.env` last. */
async function listProjectFiles(directory: string): Promise<string[]> {
  const entries = await readdir(join(directory, 'config')).catch((): string[] => [])
  const routes = entries.filter((name) => routesPattern.test(name)).sort()
  const policies = policiesFiles.filter((file) => entries.includes(file.slice('config/'.length)))
  return [settingsFile, ...routes.map((name) => `config/${name}`), ...policies, pinsFile, '.env']
}

/**
 * Reads and parses every file of a project. Never throws because of what the files contain or because one is missing:
 * that is in `problems`. `processEnvironment` is there for tests.
 */
export async function loadProject(
  directory: string,
  processEnvironment: Environment = process.env,
): Promise<ProjectSources> {
  const absolute = resolve(directory)
  const problems: Problem[] = []
  const files = await readFiles(absolute, problems)
  const names = [...files.keys()]
  const policies = policiesFiles.filter((file) => files.has(file))
  const open = (file: string) => parseFile(file, files.get(file), problems)
  const routes = await Promise.all(names.filter((name) => routesPattern.test(name)).map(open))
  if (problems.length === 0) reportMissing(files, policies, routes.length, problems)
  return {
    directory: absolute,
    settings: await open(settingsFile),
    routes,
    policies: await open(policies[0] ?? 'config/policies.json'),
    pins: await open(pinsFile),
    environment: { ...readEnvironment(files.get('.env')), ...processEnvironment },
    contentHash: hashFiles(files),
    problems,
  }
}

/** The `contentHash` that `loadProject` would give now. Never throws. */
export async function hashProject(directory: string): Promise<string> {
  return hashFiles(await readFiles(resolve(directory), []))
}

function hashFiles(files: ReadonlyMap<string, Buffer>): string {
  return sha256([...files].map(([name, bytes]) => `${name}\0${sha256OfBytes(bytes)}`).join('\n'))
}

async function readFiles(directory: string, problems: Problem[]): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const status = await stat(directory).catch(() => undefined)
  if (!status?.isDirectory()) {
    problems.push(
      problemAtStart(directory, 'this is not a directory', 'Name the directory that holds sallyport.jsonc.'),
    )
    return files
  }
  for (const file of await listProjectFiles(directory)) {
    try {
      files.set(file, await readFile(join(directory, file)))
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'ENOENT')
        problems.push(problemAtStart(file, `cannot be read (${code ?? 'unknown error'})`, undefined))
    }
  }
  return files
}

function reportMissing(files: Map<string, Buffer>, policies: string[], routeFiles: number, problems: Problem[]): void {
  if (!files.has(settingsFile)) {
    problems.push(
      problemAtStart(settingsFile, 'this file is missing', 'Run `sallyport init`, or write { "version": 1 }.'),
    )
  }
  if (routeFiles === 0) {
    problems.push(
      problemAtStart(
        'config/routes.oas.json',
        'no config/*.oas.json, .jsonc or .yaml file',
        'Declare at least one route.',
      ),
    )
  }
  if (policies.length === 0) {
    problems.push(problemAtStart('config/policies.json', 'this file is missing', 'Write { "policies": [] }.'))
  }
  if (policies.length > 1) {
    problems.push(
      problemAtStart('config/policies.jsonc', 'config/policies.json exists as well', 'Keep one of the two.'),
    )
  }
}

async function parseFile(file: string, bytes: Buffer | undefined, problems: Problem[]): Promise<SourceDocument> {
  if (bytes === undefined) return emptyDocument(file)
  if (!isUtf8(bytes)) {
    problems.push(problemAtStart(file, 'this file is not UTF-8 text', 'Save it as UTF-8.'))
    return emptyDocument(file)
  }
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '')
  // YAML is loaded only by projects that use it: it costs start time.
  const parse = /\.ya?ml$/.test(file) ? (await import('./parse-yaml.ts')).parseYaml : parseJsonc
  const parsed = parse(text)
  const toPosition = lineFinder(text)
  for (const { offset, path, message } of parsed.problems) {
    problems.push({
      severity: 'error',
      file,
      ...toPosition(offset),
      path: formatPath(path),
      message,
      remedy: undefined,
    })
  }
  return newSourceDocument(file, text, parsed)
}

function readEnvironment(bytes: Buffer | undefined): Environment {
  return bytes === undefined ? {} : parseEnv(bytes.toString('utf8'))
}

function problemAtStart(file: string, message: string, remedy: string | undefined): Problem {
  return { severity: 'error', file, line: 1, column: 1, path: '', message, remedy }
}
