import { readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { applyEdits, type JSONPath, modify } from 'jsonc-parser'
import type { CatalogEntry } from '../config/catalog-entry.ts'
import { compileProject } from '../config/compile-project.ts'
import { formatProblems } from '../config/format-problems.ts'
import { loadProject, type ProjectSources } from '../config/load-project.ts'
import type { Project } from '../config/project.ts'
import { handlerTypes } from '../handlers/index.ts'
import { isJsonObject } from '../lib/json.ts'
import { randomToken } from '../lib/random-id.ts'
import { policyTypes } from '../policies/index.ts'
import { type AddAnswers, policyOf, variablesOf } from './catalog-policy.ts'
import { UsageError } from './describe-error.ts'

/** What was written. */
export interface AddedUpstream {
  readonly path: string
  /** Files that changed, relative to the project. */
  readonly files: readonly string[]
  /** Variables that must be set before the project runs. */
  readonly variables: readonly string[]
  /** Where MCP clients reach it. */
  readonly url: string
  /** Where the authorization server of the upstream sends people back to. */
  readonly callbackUrl: string
}

/**
 * Writes the route and the policy of a curated upstream into a project, comments and order of the files kept. Nothing that is there is
 * overwritten; when the result has problems, the files are put back as they were.
 */
export async function addUpstream(
  directory: string,
  entry: CatalogEntry,
  answers: AddAnswers,
  inbound: readonly string[] | undefined,
): Promise<AddedUpstream> {
  const { sources, project } = await compile(directory)
  const path = `/mcp/${answers.name}`
  const policy = policyOf(entry, answers)
  refuseTaken(sources, project, { path, operationId: answers.name, policy: policy?.name })
  const names = [...(inbound ?? findSignIn(sources)), ...(policy ? [policy.name] : [])]
  const routesFile = findRoutesFile(sources)
  const changes: Change[] = [
    { file: routesFile, at: ['paths', path], value: routeOf(entry, answers.name, names), isInsertion: false },
  ]
  if (policy) changes.unshift({ file: sources.policies.file, at: ['policies', -1], value: policy, isInsertion: true })
  const variables = variablesOf(entry, answers)
  await applyOrRestore(directory, changes, () => compile(directory))
  const { publicUrl, settings } = project
  return {
    path,
    files: changes.map(({ file }) => file),
    variables: variables.filter((name) => !sources.environment[name]),
    url: `${publicUrl}${path}`,
    callbackUrl: `${publicUrl}${settings.basePath}/auth/connections/callback`,
  }
}

/** Compiles a project whose variables may not be set yet: that is a step that is left, not a mistake. */
async function compile(directory: string): Promise<{ sources: ProjectSources; project: Project }> {
  const sources = await loadProject(directory)
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

function refuseTaken(
  sources: ProjectSources,
  { routes }: Project,
  wanted: { readonly path: string; readonly operationId: string; readonly policy: string | undefined },
): void {
  const takenBy =
    (routes.some(({ path }) => path === wanted.path) && `a route ${wanted.path}`) ||
    (routes.some(({ operationId }) => operationId === wanted.operationId) && `an operation "${wanted.operationId}"`) ||
    (routes.some(({ upstream }) => upstream?.id === wanted.operationId) && `an upstream "${wanted.operationId}"`) ||
    (listPolicies(sources).some(({ name }) => name === wanted.policy) && `a policy "${wanted.policy}"`)
  if (takenBy) throw new UsageError(`the project has ${takenBy} already. Choose another name with --name.`)
}

function listPolicies({ policies }: ProjectSources): readonly { readonly name: unknown; readonly type: unknown }[] {
  const list = isJsonObject(policies.value) ? policies.value['policies'] : undefined
  return Array.isArray(list)
    ? list.filter(isJsonObject).map(({ name, policyType }) => ({ name, type: policyType }))
    : []
}

/** The policy that signs people in: a route without one would be open to whoever reaches it. */
function findSignIn(sources: ProjectSources): readonly string[] {
  const signsIn = new Set(policyTypes.filter((type) => type.signInSettings !== undefined).map(({ type }) => type))
  const found = listPolicies(sources).find(({ type }) => typeof type === 'string' && signsIn.has(type))
  if (typeof found?.name === 'string') return [found.name]
  throw new UsageError('the project has no policy that signs people in. Name the policies of the route with --inbound.')
}

/** The first file that can be edited without losing anything. */
function findRoutesFile({ routes }: ProjectSources): string {
  const file = routes.map((document) => document.file).find((name) => /\.jsonc?$/.test(name))
  if (file !== undefined) return file
  throw new UsageError(
    'routes in YAML are not edited. Add an empty config/routes.oas.json: {"openapi":"3.1.0","info":{"title":"Routes","version":"1.0.0"},"paths":{}}',
  )
}

function routeOf(entry: CatalogEntry, name: string, inbound: readonly string[]): object {
  const handler = {
    module: '$import(sallyport)',
    export: 'McpProxyHandler',
    options: { rewritePattern: entry.url },
  }
  return {
    'get,post': {
      operationId: name,
      summary: entry.name,
      description: entry.summary,
      'x-gateway-route': { handler, policies: { inbound } },
    },
  }
}

interface Change {
  readonly file: string
  readonly at: JSONPath
  readonly value: object
  /** Into a list, in the place of nothing. */
  readonly isInsertion: boolean
}

async function applyOrRestore(
  directory: string,
  changes: readonly Change[],
  check: () => Promise<unknown>,
): Promise<void> {
  const before = await Promise.all(changes.map(({ file }) => readFile(join(directory, file), 'utf8')))
  try {
    for (const [index, change] of changes.entries()) {
      await replaceFile(join(directory, change.file), edit(before[index] ?? '', change))
    }
    await check()
  } catch (error) {
    for (const [index, { file }] of changes.entries()) await replaceFile(join(directory, file), before[index] ?? '')
    throw error
  }
}

function edit(text: string, { at, value, isInsertion }: Change): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const formattingOptions = { tabSize: indentOf(text), insertSpaces: !/^\t/m.test(text), eol }
  return applyEdits(text, modify(text, at, value, { formattingOptions, isArrayInsertion: isInsertion }))
}

function indentOf(text: string): number {
  return /^( +)\S/m.exec(text)?.[1]?.length ?? 2
}

/** A file that a running `dev` watches appears whole. */
async function replaceFile(path: string, text: string): Promise<void> {
  // A link stays one, and who may read the file stays.
  const target = await realpath(path)
  const { mode } = await stat(target)
  const temporary = `${target}.${randomToken(6)}`
  try {
    await writeFile(temporary, text, { mode })
    await rename(temporary, target)
  } finally {
    await rm(temporary, { force: true })
  }
}
