import { isUtf8 } from 'node:buffer'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { pinsFile } from '../mcp/definitions/pins-file.ts'
import { formatPath } from './json-path.ts'
import { parseJsonc } from './parse-jsonc.ts'
import type { Problem } from './project.ts'
import {
  environmentFile,
  hashFiles,
  isRoutesFile,
  type ProjectFiles,
  policiesFiles,
  problemAtStart,
  readProjectFiles,
  settingsFile,
} from './project-files.ts'
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

/**
 * Reads and parses every file of a project. Never throws because of what the files contain or because one is missing:
 * that is in `problems`. `processEnvironment` is there for tests.
 */
export async function loadProject(
  directory: string,
  processEnvironment: Environment = process.env,
): Promise<ProjectSources> {
  const absolute = resolve(directory)
  const { files, problems } = await readProjectFiles(absolute)
  return parseProject(absolute, files, problems, processEnvironment)
}

/** The same for files that are given, in the order of `readProjectFiles`, e.g. as they would be after an edit. */
export async function parseProject(
  directory: string,
  files: ProjectFiles,
  readProblems: readonly Problem[] = [],
  processEnvironment: Environment = process.env,
): Promise<ProjectSources> {
  const problems = [...readProblems]
  const names = [...files.keys()]
  const policies = policiesFiles.filter((file) => files.has(file))
  const open = (file: string) => parseFile(file, files.get(file), problems)
  const routes = await Promise.all(names.filter(isRoutesFile).map(open))
  if (problems.length === 0) reportMissing(files, policies, routes.length, problems)
  return {
    directory,
    settings: await open(settingsFile),
    routes,
    policies: await open(policies[0] ?? 'config/policies.json'),
    pins: await open(pinsFile),
    environment: { ...readEnvironment(files.get(environmentFile)), ...processEnvironment },
    contentHash: hashFiles(files),
    problems,
  }
}

/** The `contentHash` that `loadProject` would give now. Never throws. */
export async function hashProject(directory: string): Promise<string> {
  return hashFiles((await readProjectFiles(resolve(directory))).files)
}

function reportMissing(files: ProjectFiles, policies: string[], routeFiles: number, problems: Problem[]): void {
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
