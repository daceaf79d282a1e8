import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { InitOptions } from './commands/init.ts'
import { UsageError } from './describe-error.ts'
import { askAnswers } from './init-questions.ts'
import { demoFiles, type ProjectFiles, upstreamFiles } from './project-template.ts'

/** What a new project is about. */
export interface InitAnswers {
  /** operationId and last part of the path. */
  readonly name: string
  /** Undefined: the demo. */
  readonly upstream: string | undefined
  readonly apiKeyEnv: string | undefined
}

/** Writes a new project and says how to go on. Throws a `UsageError` before anything is written. */
export async function initProject(directory: string, options: InitOptions): Promise<void> {
  const target = resolve(directory)
  await refuseUsedDirectory(target, options.force === true)
  const interactive = process.stdin.isTTY && process.stdout.isTTY && options.yes !== true
  const answers = interactive ? await askAnswers(options) : answersOf(options)
  checkAnswers(answers)
  const files = answers.upstream === undefined ? await demoFiles() : upstreamFiles(answers, answers.upstream)
  await writeFiles(target, files)
  process.stdout.write(describeNextSteps(relative(process.cwd(), target), [...files.keys()], answers))
}

/** Answers from flags alone. */
export function answersOf({ name, upstream, apiKeyEnv }: InitOptions): InitAnswers {
  return { name: name ?? suggestName(upstream), upstream, apiKeyEnv }
}

/** `https://mcp.linear.app/mcp` → `linear`; without an upstream the demo's name. */
export function suggestName(upstream: string | undefined): string {
  if (upstream === undefined) return 'tracker'
  const host = URL.canParse(upstream) ? new URL(upstream).hostname : ''
  const labels = host.split('.').filter((label) => !['www', 'mcp', 'api'].includes(label))
  const label = labels.length > 1 ? labels.at(-2) : labels[0]
  return label && /^[a-z][a-z0-9-]*$/.test(label) ? label : 'upstream'
}

/** What is wrong with an answer, or undefined. */
export const answerChecks = {
  name: (name: string) =>
    /^[a-z0-9][a-z0-9-]*$/.test(name) ? undefined : 'a name has lower-case letters, digits and "-", e.g. linear',
  upstream: (url: string) =>
    URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? undefined : 'the upstream is an http or https URL',
  apiKeyEnv: (name: string) =>
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? undefined : 'the name of a variable has letters, digits and "_"',
}

function checkAnswers({ name, upstream, apiKeyEnv }: InitAnswers): void {
  const problem =
    answerChecks.name(name) ??
    (upstream === undefined ? undefined : answerChecks.upstream(upstream)) ??
    (apiKeyEnv === undefined ? undefined : answerChecks.apiKeyEnv(apiKeyEnv))
  if (problem) throw new UsageError(problem)
  if (upstream === undefined && apiKeyEnv !== undefined) throw new UsageError('--api-key-env needs --upstream.')
}

async function refuseUsedDirectory(directory: string, force: boolean): Promise<void> {
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    if (error.code === 'ENOTDIR') throw new UsageError(`${directory} is a file.`)
    throw error
  })
  // A fresh clone is as good as empty.
  if (entries.some((entry) => entry !== '.git') && !force) {
    throw new UsageError(`${directory} is not empty. Choose another directory, or add --force to write into it.`)
  }
}

async function writeFiles(directory: string, files: ProjectFiles): Promise<void> {
  for (const [name, content] of files) {
    const path = join(directory, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content, { mode: name === '.env' ? 0o600 : 0o666 })
  }
}

function describeNextSteps(directory: string, files: readonly string[], { upstream, apiKeyEnv }: InitAnswers): string {
  const go = directory === '' ? '' : `cd ${directory} && `
  const steps = [
    upstream === undefined && `  ${go}npm install && npm run upstream   # the demo issue tracker`,
    apiKeyEnv && `  put the API key into ${join(directory, '.env')}: ${apiKeyEnv}=…`,
    upstream === undefined
      ? `  ${go}npm run dev                       # in a second terminal`
      : `  ${go}npm install && npm run dev`,
  ].filter(Boolean)
  return `\nWrote ${files.length} files to ${directory || 'this directory'}. Now:\n\n${steps.join('\n')}\n\n`
}
