import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CatalogAuth, type CatalogEntry, catalogEntrySchema } from '../config/catalog-entry.ts'
import { projectCatalogDirectory, readCatalog } from '../config/read-catalog.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { createFetchDocument, isPublicAddress } from '../http/fetch-document.ts'
import { findHiddenCharacters } from '../lib/hidden-characters.ts'
import { isLoopbackHost } from '../lib/loopback.ts'
import { type RegistryContent, type RegistryServer, readRegistry } from '../registry/read-registry.ts'
import { printAnswer } from './command-group.ts'
import { UsageError } from './describe-error.ts'
import { formatTable } from './format-table.ts'
import { replaceUnprintable } from './replace-unprintable.ts'

interface ImportOptions {
  readonly project: string
  readonly search?: string
  readonly all?: boolean
  readonly json?: boolean
}

type RegistryRemote = NonNullable<RegistryServer['remotes']>[number]

/** A server of the registry, and the catalogue entry it makes or why it makes none. */
interface Candidate {
  readonly name: string
  readonly title: string
  readonly entry: CatalogEntry | undefined
  readonly problem: string | undefined
}

/** Lists the servers of a registry that can be reached by URL, or writes the named ones as catalogue entries of the project. */
export async function importCatalog(url: string, names: readonly string[], options: ImportOptions): Promise<void> {
  const content = await read(url, options.search)
  const known = await readCatalog(options.project)
  const candidates = makeCandidates(content.servers, url, known)
  if (names.length === 0 && options.all !== true) {
    printCandidates(candidates, content, options.json)
    return
  }
  const chosen = options.all === true ? candidates.filter(({ entry }) => entry) : choose(candidates, names)
  const files = await writeEntries(chosen, options.project)
  const lines = chosen.map(({ name, entry }, index) => `${name} → ${files[index]}; next: sallyport add ${entry?.id}`)
  const imported = chosen.map(({ name, entry }, index) => ({ name, id: entry?.id, file: files[index] }))
  printAnswer(options.json, imported, replaceLines(lines.length > 0 ? lines : ['nothing to import']))
}

/** Whoever types the URL may mean a registry in their own network; nothing else is fetched, and no redirect is followed. */
async function read(url: string, search: string | undefined): Promise<RegistryContent> {
  if (!URL.canParse(url)) throw new UsageError(`"${replaceUnprintable(url)}" is not a URL.`)
  const fetchDocument = createFetchDocument({ allowAddress: () => true, allowLoopbackHttp: true })
  try {
    return await readRegistry(url, search, fetchDocument)
  } catch (error) {
    const why = error instanceof GatewayError ? (error.details.detail ?? error.message) : (error as Error).message
    throw new UsageError(`the registry could not be read: ${replaceUnprintable(why)}`)
  }
}

/** One candidate for each server. Ids are the last part of the name where that is free, else the whole name. */
export function makeCandidates(
  servers: readonly RegistryServer[],
  registry: string,
  known: readonly CatalogEntry[],
): readonly Candidate[] {
  const sources = new Map(known.map(({ id, source }) => [id, source]))
  return servers
    .filter(({ status }) => status !== 'deleted')
    .map((server) => {
      const title = server.title ?? server.name
      const source = sourceOf(server, registry)
      const isFree = (id: string) => (sources.get(id) ?? source) === source
      const id = [server.name.split('/')[1] ?? '', server.name].map(toId).find((each) => each !== '' && isFree(each))
      const made = id === undefined ? 'its name is taken' : makeEntry(server, id, source)
      if (typeof made === 'string') return { name: server.name, title, entry: undefined, problem: made }
      sources.set(made.id, source)
      return { name: server.name, title, entry: made, problem: undefined }
    })
}

/** The entry, or why there is none. */
function makeEntry(server: RegistryServer, id: string, source: string): CatalogEntry | string {
  const shown = [server.title ?? '', server.description, server.statusMessage ?? '']
  const hidden = shown.flatMap(findHiddenCharacters)
  if (hidden.length > 0) return `its texts hold ${[...new Set(hidden)].join(', ')}`
  const remote = server.remotes?.find(({ type }) => type === 'streamable-http')
  if (remote === undefined) return 'no URL that speaks streamable HTTP'
  const problem = findUrlProblem(remote.url)
  if (problem !== undefined) return problem
  const parsed = catalogEntrySchema.safeParse({
    id,
    name: server.title ?? server.name,
    summary: server.description,
    url: remote.url,
    auth: guessAuth(remote),
    headers: (remote.headers ?? [])
      .filter(({ isSecret }) => isSecret !== true)
      .map(({ name, description }) => ({ name, what: description || 'Not described.' })),
    quirks: [
      'Registries do not say how a server authenticates: this is a guess.',
      ...(server.status === 'active'
        ? []
        : [`The registry calls it ${server.status}. ${server.statusMessage ?? ''}`.trim()]),
    ],
    ...(isHttps(server.websiteUrl) && { docs: server.websiteUrl }),
    icon: 'server',
    verified: 'unverified',
    source,
  })
  return parsed.success ? parsed.data : 'it is not described completely'
}

/** A registry must not lead the gateway into its own network. */
function findUrlProblem(text: string): string | undefined {
  if (/[{}]/.test(text)) return 'its URL has variables'
  const url = URL.parse(text)
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '')
    return 'its URL is not a plain https one'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isAddress = host.includes(':') || /^[\d.]+$/.test(host)
  if (isLoopbackHost(url.hostname) || (isAddress && !isPublicAddress(host))) return 'its URL is not a public one'
  return undefined
}

function isHttps(text: string | undefined): boolean {
  return text !== undefined && URL.parse(text)?.protocol === 'https:'
}

/** A secret header is a key. Nearly all other public servers sign people in, and let clients register. */
function guessAuth({ headers = [] }: RegistryRemote): readonly Partial<CatalogAuth>[] {
  const secret = headers.find(({ isSecret }) => isSecret === true)
  const oauth = { kind: 'oauth', registration: 'dcr' } as const
  if (secret === undefined) return [oauth, { kind: 'none' }]
  const scheme = /^([A-Za-z][\w-]*) \{/.exec(secret.value ?? '')?.[1]
  const isAuthorization = secret.name.toLowerCase() === 'authorization'
  const key = {
    kind: 'api-key',
    header: secret.name.toLowerCase(),
    scheme: scheme ?? (isAuthorization ? 'Bearer' : ''),
  } as const
  return [key, oauth]
}

function sourceOf({ name }: RegistryServer, registry: string): string {
  return `${registry.replace(/\/+$/, '')} ${name}`
}

function toId(name: string): string {
  const id = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
  return id.replace(/^-+|-+$/g, '')
}

function choose(candidates: readonly Candidate[], names: readonly string[]): readonly Candidate[] {
  return names.map((name) => {
    const found = candidates.find((candidate) => candidate.name === name)
    if (found?.entry) return found
    const why = found ? `cannot be imported: ${found.problem}` : 'is not in the registry'
    throw new UsageError(`"${replaceUnprintable(name)}" ${why}.`)
  })
}

async function writeEntries(candidates: readonly Candidate[], project: string): Promise<readonly string[]> {
  // A typing error must not leave a folder somewhere.
  await readFile(join(project, 'sallyport.jsonc')).catch(() => {
    throw new UsageError(`there is no project in "${project}". Name its directory with --project.`)
  })
  const directory = projectCatalogDirectory(project)
  await mkdir(directory, { recursive: true })
  return Promise.all(
    candidates.map(async ({ entry }) => {
      const file = join(directory, `${entry?.id}.json`)
      await writeFile(file, `${JSON.stringify(entry, undefined, 2)}\n`)
      return file
    }),
  )
}

function printCandidates(candidates: readonly Candidate[], content: RegistryContent, json: boolean | undefined): void {
  const rows = candidates.map(({ name, title, entry, problem }) =>
    [name, title.slice(0, 40), entry?.url ?? `– ${problem}`].map(replaceUnprintable),
  )
  const notes = [
    ...(content.unreadable > 0 ? [`${content.unreadable} entries are not as the specification says.`] : []),
    ...(content.isPartial ? ['There are more: narrow them down with --search.'] : []),
  ]
  const text = [formatTable(['NAME', 'TITLE', 'URL'], rows), ...notes].join('\n')
  printAnswer(json, { candidates, unreadable: content.unreadable, isPartial: content.isPartial }, text)
}

function replaceLines(lines: readonly string[]): string {
  return lines.map(replaceUnprintable).join('\n')
}
