import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { UsageError } from './describe-error.ts'
import { answersOf, checkAnswers, type InitAnswers, type InitOptions } from './init-answers.ts'
import { askAnswers } from './init-questions.ts'
import { demoFiles, type ProjectFiles, upstreamFiles } from './project-template.ts'

/** Writes a new project and says how to go on. Throws a `UsageError` before anything is written. */
export async function initProject(directory: string, options: InitOptions): Promise<void> {
  const target = resolve(directory)
  await refuseUsedDirectory(target, options.force === true)
  const interactive = process.stdin.isTTY && process.stdout.isTTY && options.yes !== true
  const answers = interactive ? await askAnswers(options) : answersOf(options)
  checkAnswers(answers)
  const files = answers.upstream === undefined ? await demoFiles() : upstreamFiles(answers, answers.upstream)
  await writeFiles(target, files)
  process.stdout.write(describeNextSteps(nameDirectory(target), [...files.keys()], answers))
}

/** As people would type it: relative below the current directory, else absolute. */
function nameDirectory(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') ? path : fromHere
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
