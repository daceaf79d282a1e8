import { type CatalogEntry, registrations } from '../config/catalog-entry.ts'
import { listSteps } from '../config/edit/list-steps.ts'
import type { UpstreamMode } from '../config/edit/upstream-modes.ts'
import { listModes, type UpstreamAnswers } from '../config/edit/upstream-policy.ts'
import { readCatalog } from '../config/read-catalog.ts'
import { printAnswer } from './command-group.ts'
import { UsageError } from './describe-error.ts'
import { formatTable } from './format-table.ts'
import { answerChecks } from './init-answers.ts'
import { findCatalogEntry } from './read-catalog.ts'

interface AddOptions {
  readonly mode?: string
  readonly name?: string
  readonly inbound?: readonly string[]
  readonly clientIdEnv?: string
  readonly clientSecretEnv?: string
  readonly apiKeyEnv?: string
  readonly yes?: boolean
  readonly json?: boolean
}

/** Lists the curated upstreams. */
export async function listCatalog(options: { json?: boolean; project?: string }): Promise<void> {
  const catalog = await readCatalog(options.project)
  const rows = catalog.map((entry) => [entry.id, entry.name, describeAuth(entry), entry.verified])
  printAnswer(options.json, catalog, formatTable(['ID', 'NAME', 'AUTHENTICATION', 'VERIFIED'], rows))
}

/** Shows all that is known of one curated upstream. */
export async function showCatalogEntry(id: string, options: { json?: boolean; project?: string }): Promise<void> {
  const entry = await findCatalogEntry(id, options.project)
  printAnswer(options.json, entry, describeEntry(entry))
}

function describeAuth({ auth }: CatalogEntry): string {
  return auth.map((way) => (way.kind === 'oauth' ? `oauth (${way.registration})` : way.kind)).join(', ')
}

function describeEntry(entry: CatalogEntry): string {
  const { name, summary, url, auth, headers, quirks, docs, verified, source } = entry
  const ways = auth.map((way) => {
    if (way.kind === 'none') return 'open to everybody'
    if (way.kind === 'api-key') return `a key in ${way.header}${way.scheme && ` (${way.scheme})`}`
    return `OAuth, ${registrations[way.registration]}${way.scopes.length > 0 ? `; scopes ${way.scopes.join(' ')}` : ''}`
  })
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)]
  return [
    `${name}: ${summary}`,
    url,
    ...section('Authentication', ways),
    ...section('Modes', [listModes(entry).join(', ')]),
    ...section(
      'Before people connect',
      auth.flatMap((way) => (way.kind === 'oauth' ? way.setUp : [])),
    ),
    ...section(
      'Headers',
      headers.map((header) => `${header.name}: ${header.what}`),
    ),
    ...section('Good to know', quirks),
    ...section('Documentation', docs === undefined ? [] : [docs]),
    ...section('Verified', [verified === 'unverified' ? `no; ${source}` : `${verified}, ${source}`]),
  ].join('\n')
}

/** Writes a curated upstream into the project and says what is left to do. */
export async function addFromCatalog(id: string, directory: string, options: AddOptions): Promise<void> {
  const entry = await findCatalogEntry(id, directory)
  const interactive = process.stdin.isTTY && process.stdout.isTTY && options.yes !== true && options.json !== true
  const mode =
    options.mode ?? (interactive ? await (await import('./ask-mode.ts')).askMode(entry) : listModes(entry)[0])
  const answers = answersOf(entry, options, checkMode(entry, mode))
  const { addUpstream } = await import('./add-upstream.ts')
  const added = await addUpstream(directory, entry, answers, options.inbound)
  const steps = listSteps(entry, answers, added, directory)
  const text = [
    `added ${entry.name} as ${added.path} (${added.files.join(', ')})`,
    ...steps.map((step) => `  - ${step}`),
  ]
  printAnswer(options.json, { id, mode: answers.mode, ...added, steps }, text.join('\n'))
}

function checkMode(entry: CatalogEntry, mode: string | undefined): UpstreamMode {
  const found = listModes(entry).find((each) => each === mode)
  if (found !== undefined) return found
  throw new UsageError(`${entry.name} has no mode "${mode}". There are: ${listModes(entry).join(', ')}.`)
}

function answersOf(entry: CatalogEntry, options: AddOptions, mode: UpstreamMode): UpstreamAnswers {
  const name = options.name ?? entry.id
  const prefix = name.toUpperCase().replaceAll('-', '_')
  const { clientIdEnv = `${prefix}_CLIENT_ID`, clientSecretEnv = `${prefix}_CLIENT_SECRET`, apiKeyEnv } = options
  const problem =
    answerChecks.name(name) ??
    [clientIdEnv, clientSecretEnv, apiKeyEnv ?? 'A'].map(answerChecks.apiKeyEnv).find((each) => each !== undefined)
  if (problem) throw new UsageError(problem)
  return { mode, name, clientIdEnv, clientSecretEnv, apiKeyEnv }
}
