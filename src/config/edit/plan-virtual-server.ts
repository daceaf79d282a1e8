import type { PolicyType } from '../../contracts/policy.ts'
import { isJsonObject } from '../../lib/json.ts'
import type { ProjectSources } from '../load-project.ts'
import { ProblemList } from '../problem-list.ts'
import type { Project } from '../project.ts'
import { readOperations } from '../read-operations.ts'
import type { ConfigEdit } from './config-edit.ts'
import { EditError } from './edit-error.ts'
import type { NewServerAddress } from './list-steps.ts'
import {
  credentialPolicy,
  type NewPolicy,
  newPolicy,
  type UpstreamAnswers,
  type UpstreamOffer,
  variablesOf,
} from './upstream-policy.ts'

/** Which entries of each list are offered; undefined: whatever the upstream lists. */
export interface ChosenCapabilities {
  readonly tools?: readonly string[] | undefined
  readonly prompts?: readonly string[] | undefined
  readonly resources?: readonly string[] | undefined
  readonly resourceTemplates?: readonly string[] | undefined
}

/** A virtual server that is to be added. */
export interface NewVirtualServer {
  readonly offer: UpstreamOffer
  readonly answers: UpstreamAnswers
  /** Default: `/mcp/<name>`. */
  readonly path?: string | undefined
  /** Names of policies in front of its own; undefined: the one that signs people in. */
  readonly inbound?: readonly string[] | undefined
  /** Goes before `inbound`. */
  readonly newSignIn?: { readonly name: string; readonly policyType: string; readonly options: object } | undefined
  /** Goes behind `inbound`. */
  readonly extraInbound?: readonly string[] | undefined
  readonly capabilities?: ChosenCapabilities | undefined
}

/** The edits that add it, and where it will be. */
export interface VirtualServerPlan extends NewServerAddress {
  readonly path: string
  readonly edits: readonly ConfigEdit[]
}

/** What the plan starts from. */
export interface PlanSources {
  readonly sources: ProjectSources
  readonly project: Pick<Project, 'publicUrl' | 'settings' | 'routes'>
  readonly policyTypes: readonly PolicyType[]
}

/** The edits that add a virtual server: its policies and its route. Nothing that is there is changed. Throws an `EditError` when a name is taken. */
export function planVirtualServer(wanted: NewVirtualServer, from: PlanSources): VirtualServerPlan {
  const { offer, answers } = wanted
  const path = wanted.path ?? `/mcp/${answers.name}`
  const signIn = wanted.newSignIn && signInPolicy(wanted.newSignIn, from)
  const own = [credentialPolicy(offer, answers), filterPolicy(answers.name, wanted.capabilities)].filter(
    (policy) => policy !== undefined,
  )
  const added = [...(signIn ? [signIn] : []), ...own]
  refuseTaken(from, path, answers.name, added)
  const inbound = wanted.inbound ?? (signIn ? [] : findSignIn(from))
  const front = [...(signIn ? [signIn.name] : []), ...inbound, ...(wanted.extraInbound ?? [])]
  const names = [...front, ...own.map(({ name }) => name)]
  const { sources, project } = from
  const route = routeOf(offer, answers.name, names)
  const edits: ConfigEdit[] = [
    ...added.map((value) => ({ kind: 'insert' as const, file: sources.policies.file, path: ['policies'], value })),
    { kind: 'set', file: findRoutesFile(sources), path: ['paths', path], value: { 'get,post': route } },
  ]
  return {
    path,
    edits,
    variables: variablesOf(offer, answers).filter((name) => !sources.environment[name]),
    url: `${project.publicUrl}${path}`,
    callbackUrl: `${project.publicUrl}${project.settings.basePath}/auth/connections/callback`,
  }
}

function routeOf({ name: title, summary, url }: UpstreamOffer, name: string, inbound: readonly string[]): object {
  const handler = { module: '$import(sallyport)', export: 'McpProxyHandler', options: { rewritePattern: url } }
  return {
    operationId: name,
    summary: title,
    ...(summary !== '' && { description: summary }),
    'x-gateway-route': { handler, policies: { inbound } },
  }
}

function signInPolicy({ name, policyType, options }: NonNullable<NewVirtualServer['newSignIn']>, from: PlanSources) {
  const type = from.policyTypes.find((each) => each.type === policyType && each.signInSettings !== undefined)
  if (type === undefined) throw new EditError(`"${policyType}" is no kind of policy that signs people in`)
  return newPolicy(name, type.type, type.exportName, options)
}

/** Only where something is chosen: without a list, everything is passed on. */
function filterPolicy(name: string, chosen: ChosenCapabilities = {}): NewPolicy | undefined {
  const lists = Object.entries(chosen).filter((entry): entry is [string, readonly string[]] => entry[1] !== undefined)
  if (lists.length === 0) return undefined
  for (const [list, names] of lists) {
    // An upstream could name a tool so that who chooses it chooses all of them. Templates are compared as they are spelled.
    const glob = list === 'resourceTemplates' ? undefined : names.find((each) => each.includes('*'))
    if (glob !== undefined)
      throw new EditError(
        `"${glob}" would stand for other ${list} as well: write it into policies.json if that is meant`,
      )
  }
  const options = Object.fromEntries(lists.map(([list, names]) => [list, [...new Set(names)]]))
  return newPolicy(`${name}-capabilities`, 'mcp-capability-filter-inbound', 'McpCapabilityFilterInboundPolicy', options)
}

function refuseTaken({ sources, project }: PlanSources, path: string, name: string, added: readonly NewPolicy[]): void {
  const operations = sources.routes.flatMap((document) => readOperations(document, new ProblemList()))
  const policies = new Set(listPolicies(sources).map((policy) => policy.name))
  const policy = added.find((each) => policies.has(each.name))
  const takenBy =
    (operations.some((operation) => operation.path === path) && `a route ${path}`) ||
    (operations.some(({ fields }) => fields.operationId === name) && `an operation "${name}"`) ||
    (project.routes.some(({ upstream }) => upstream?.id === name) && `an upstream "${name}"`) ||
    (policy && `a policy "${policy.name}"`)
  if (takenBy) throw new EditError(`the project has ${takenBy} already. Choose another name`)
}

/** Names and types of the entries of policies.json, whatever else is wrong with them. */
export function listPolicies({
  policies,
}: Pick<ProjectSources, 'policies'>): readonly { readonly name: string; readonly type: string }[] {
  const list = isJsonObject(policies.value) ? policies.value['policies'] : undefined
  if (!Array.isArray(list)) return []
  return list.filter(isJsonObject).flatMap(({ name, policyType: type }) => {
    return typeof name === 'string' && typeof type === 'string' ? [{ name, type }] : []
  })
}

/** The policy that signs people in: a route without one would be open to whoever reaches it. */
function findSignIn({ sources, policyTypes }: PlanSources): readonly string[] {
  const signsIn = new Set(policyTypes.filter((type) => type.signInSettings !== undefined).map(({ type }) => type))
  const found = listPolicies(sources).find(({ type }) => signsIn.has(type))
  if (found !== undefined) return [found.name]
  throw new EditError('the project has no policy that signs people in. Name the policies of the route')
}

/** JSON before YAML, which is laid out anew where an edit cannot be placed. */
function findRoutesFile({ routes }: ProjectSources): string {
  const files = routes.filter(({ value }) => value !== undefined).map(({ file }) => file)
  const found = files.find((file) => /\.jsonc?$/.test(file)) ?? files[0]
  if (found !== undefined) return found
  throw new EditError('the project has no file of routes that could be read')
}
