import { resolve } from 'node:path'
import { compileProject } from '../config/compile-project.ts'
import { type EditedTexts, editTexts } from '../config/edit/config-edit.ts'
import { EditError } from '../config/edit/edit-error.ts'
import type { NewServerAddress } from '../config/edit/list-steps.ts'
import { planVirtualServer } from '../config/edit/plan-virtual-server.ts'
import type { UpstreamAnswers, UpstreamOffer } from '../config/edit/upstream-policy.ts'
import { writeProjectFiles } from '../config/edit/write-files.ts'
import { formatProblems } from '../config/format-problems.ts'
import { type ProjectSources, parseProject } from '../config/load-project.ts'
import type { Project } from '../config/project.ts'
import { orderFiles, type ProjectFiles, readProjectFiles } from '../config/project-files.ts'
import { handlerTypes } from '../handlers/index.ts'
import { policyTypes } from '../policies/index.ts'
import { UsageError } from './describe-error.ts'

/** What was written. */
export interface AddedUpstream extends NewServerAddress {
  readonly path: string
  /** Files that changed, relative to the project. */
  readonly files: readonly string[]
}

/**
 * Writes the route and the policy of a curated upstream into a project, comments and order of the files kept. Nothing that is there is
 * overwritten; when the result would have problems, nothing is written.
 */
export async function addUpstream(
  directory: string,
  offer: UpstreamOffer,
  answers: UpstreamAnswers,
  inbound: readonly string[] | undefined,
): Promise<AddedUpstream> {
  const root = resolve(directory)
  const { files } = await readProjectFiles(root)
  const from = await compile(root, files)
  try {
    const { edits, ...address } = planVirtualServer({ offer, answers, inbound }, { ...from, policyTypes })
    const texts = new Map([...files].map(([file, bytes]) => [file, bytes.toString('utf8')]))
    const edited = await editTexts(texts, edits)
    await compile(root, withTexts(files, edited))
    const names = [...edited.keys()]
    const contents = withTexts(new Map(), edited)
    await writeProjectFiles(root, contents, new Map(names.map((file) => [file, files.get(file)])))
    return { ...address, files: names }
  } catch (error) {
    if (!(error instanceof EditError)) throw error
    throw new UsageError(describeRefusal(error))
  }
}

/** The same in the words of the command. */
function describeRefusal({ why }: EditError): string {
  const hints: readonly (readonly [RegExp, string])[] = [
    [/Choose another name$/, ' with --name'],
    [/Name the policies of the route$/, ' with --inbound'],
  ]
  const hint = hints.find(([ending]) => ending.test(why))?.[1] ?? ''
  return `${why}${hint}.`
}

function withTexts(files: ProjectFiles, edited: EditedTexts): ProjectFiles {
  const written = [...edited].flatMap(([file, text]) => (text === null ? [] : [[file, Buffer.from(text)] as const]))
  return orderFiles(new Map([...files, ...written]))
}

/** Compiles a project whose variables may not be set yet: that is a step that is left, not a mistake. */
async function compile(
  directory: string,
  files: ProjectFiles,
): Promise<{ readonly sources: ProjectSources; readonly project: Project }> {
  const sources = await parseProject(directory, files)
  const result = compileProject(withPlaceholders(sources), { policyTypes, handlerTypes, mode: 'dev' })
  if ('problems' in result) throw new UsageError(`the project has problems:\n\n${formatProblems(result.problems)}`)
  return { sources, project: result.project }
}

function withPlaceholders(sources: ProjectSources): ProjectSources {
  const texts = [sources.policies, ...sources.routes].map(({ value }) => JSON.stringify(value ?? null))
  const names = texts.flatMap((text) => [...text.matchAll(/\$env\((\w+)\)/g)].map(([, name = '']) => name))
  const placeholders = Object.fromEntries(names.map((name) => [name, 'a-value-that-is-not-set-yet']))
  return { ...sources, environment: { ...placeholders, ...sources.environment } }
}
