import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Project, RouteSpec } from '../config/project.ts'
import { ProjectError } from '../config/project-error.ts'
import type { DefinitionList, ServerPins } from '../contracts/pinned-definitions.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { escapeHiddenCharacters } from '../lib/hidden-characters.ts'
import type { JsonObject } from '../lib/json.ts'
import { nearestName } from '../lib/nearest-name.ts'
import { randomToken } from '../lib/random-id.ts'
import { comparePins, type PinDifference } from '../mcp/definitions/compare-pins.ts'
import { readKeptDefinitions } from '../mcp/definitions/kept-definitions.ts'
import { definitionLists, formatPins, mapLists, pinDefinitions, pinsFile } from '../mcp/definitions/pins-file.ts'
import { type ListedDefinitions, listUpstream } from '../mcp/list-upstream.ts'
import { printAnswer } from './command-group.ts'
import { compileDirectory } from './compile-directory.ts'
import { UsageError } from './describe-error.ts'
import { type ProjectStore, withStore } from './open-store.ts'
import { packageVersion } from './package-files.ts'
import { replaceUnprintable } from './replace-unprintable.ts'

interface PinsOptions {
  readonly project: string
  readonly tenant: string
  readonly live?: boolean
  readonly tokenEnv?: string
  readonly json?: boolean
}

/** What is pinned of one virtual server, what its upstream lists now, and the differences. */
interface ComparedServer {
  readonly server: string
  readonly pins: ServerPins
  readonly differences: readonly PinDifference[]
}

/** Prints how upstreams differ from what is pinned; the exit code is 1 when one does. */
export async function checkPins(servers: readonly string[], options: PinsOptions): Promise<void> {
  const { compared } = await compare(servers, options)
  printDifferences(compared, options.json)
  if (compared.some(({ differences }) => differences.length > 0)) process.exitCode = 1
}

/** Pins what upstreams list now, after the person has seen the differences. */
export async function updatePins(servers: readonly string[], options: PinsOptions & { yes?: boolean }): Promise<void> {
  const { project, compared } = await compare(servers, options)
  const changed = compared.filter(({ differences, server }) => differences.length > 0 || !project.pins.has(server))
  printDifferences(compared, options.json)
  if (changed.length === 0) return
  if (options.yes !== true && !(await confirm())) {
    process.stderr.write('sallyport: nothing was written. Review the differences, then run it again with --yes.\n')
    process.exitCode = 1
    return
  }
  const known = new Map([...project.pins, ...changed.map(({ server, pins }) => [server, pins] as const)])
  const file = join(project.directory, pinsFile)
  await replaceFile(file, formatPins(known))
  if (options.json !== true) process.stdout.write(`wrote ${file}\n`)
}

async function compare(names: readonly string[], options: PinsOptions) {
  const result = await compileDirectory(options.project, 'dev')
  if ('problems' in result) throw new ProjectError(result.problems)
  const { project } = result
  const compared: ComparedServer[] = []
  await withStore(options.project, async (store) => {
    for (const route of chooseRoutes(project, names)) compared.push(await compareRoute(route, project, store, options))
  })
  return { project, compared }
}

/** The named servers, or all that compare with pins. */
function chooseRoutes({ routes }: Project, names: readonly string[]): readonly RouteSpec[] {
  if (names.length === 0) {
    const comparing = routes.filter(({ inbound }) => inbound.some(({ type }) => type.comparesPins))
    if (comparing.length > 0) return comparing
    throw new UsageError(
      'no route has a policy of type mcp-pinned-contracts-inbound. Name a server to pin it all the same.',
    )
  }
  return names.map((name) => {
    const found = routes.find(({ operationId }) => operationId === name)
    if (found) return found
    const near = nearestName(
      name,
      routes.map(({ operationId }) => operationId),
    )
    throw new UsageError(`there is no virtual server "${name}".${near === undefined ? '' : ` Did you mean "${near}"?`}`)
  })
}

async function compareRoute(
  route: RouteSpec,
  project: Project,
  store: ProjectStore,
  options: PinsOptions,
): Promise<ComparedServer> {
  const server = route.operationId
  const listed = options.live === true ? await listLive(route, options) : await readSeen(server, store, options.tenant)
  const before = project.pins.get(server)
  const current = pinDefinitions((list) => listed.get(list) ?? [])
  // A list that nobody asked for says nothing: what was pinned of it stays.
  const pins = mapLists((list) => (listed.has(list) ? current[list] : (before?.[list] ?? current[list])))
  return { server, pins, differences: comparePins(before, pins) }
}

async function listLive(
  { upstreamUrl, operationId }: RouteSpec,
  { tokenEnv }: PinsOptions,
): Promise<ListedDefinitions> {
  if (!/^https?:$/.test(new URL(upstreamUrl).protocol))
    throw new UsageError(`"${operationId}" is not reached by a URL. Leave out --live, or name its members.`)
  const token = tokenEnv === undefined ? undefined : process.env[tokenEnv]
  if (tokenEnv !== undefined && !token) throw new UsageError(`the variable ${tokenEnv} is not set.`)
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const clientInfo = { name: 'sallyport-pins', version: packageVersion() }
    return (await listUpstream(upstreamUrl, { clientInfo, headers })).lists
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    const hint =
      error.reason === 'upstream_unauthorized' ? ' Put a token into a variable and name it with --token-env.' : ''
    const why = replaceUnprintable(`${error.message} ${error.details.detail ?? ''}`.trim())
    throw new UsageError(`the upstream of "${operationId}" could not be listed: ${why}.${hint}`)
  }
}

/** What a gateway on this store saw last, of whoever listed. */
async function readSeen(server: string, { storage }: ProjectStore, tenant: string): Promise<ListedDefinitions> {
  const lists = new Map<DefinitionList, readonly JsonObject[]>()
  for (const list of definitionLists) {
    const entries = await readKeptDefinitions(storage.knownCatalogs, { tenant, server, list })
    if (entries) lists.set(list, entries)
  }
  if (lists.size > 0) return lists
  throw new UsageError(
    `nobody listed "${server}" yet. Let a client list it through the gateway, with mcp-pinned-contracts-inbound on its route, or use --live.`,
  )
}

function printDifferences(compared: readonly ComparedServer[], json: boolean | undefined): void {
  const answer = compared.map(({ server, differences }) => ({ server, differences }))
  printAnswer(json, answer, compared.map(describeServer).join('\n'))
}

const signs = { added: '+', changed: '~', removed: '-' } as const

function describeServer({ server, pins, differences }: ComparedServer): string {
  const count = definitionLists.reduce((sum, list) => sum + pins[list].size, 0)
  if (differences.length === 0) return `${server}: as pinned (${count})`
  const lines = differences.flatMap(({ list, name, change, detail, suspicions }) => [
    `  ${signs[change]} ${list} ${name}${detail && `: ${detail}`}`,
    ...suspicions.map((suspicion) => `    ! ${suspicion}`),
  ])
  return [`${server}:`, ...lines].map((line) => replaceUnprintable(escapeHiddenCharacters(line))).join('\n')
}

async function confirm(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false
  const prompts = await import('@clack/prompts')
  const answer = await prompts.confirm({ message: 'Pin this?', initialValue: false })
  return answer === true
}

/** A gateway that watches the project sees the old file or the new one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomToken(6)}`
  try {
    await writeFile(temporary, text)
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}
