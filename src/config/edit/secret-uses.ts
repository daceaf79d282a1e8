import type { UpstreamSettings } from '../../contracts/upstream.ts'
import { sha256 } from '../../lib/hash.ts'
import { Secret } from '../../lib/secret.ts'
import type { JsonPath } from '../json-path.ts'
import type { NamedVariable } from '../named-variable.ts'
import type { Project, RouteSpec } from '../project.ts'

/** A secret in one place of the configuration, and where it may travel from there. */
export interface SecretUse {
  /** Equal for equal secrets. */
  readonly secret: string
  /** Name of the variable; undefined: it stands in the files, or belongs to the people who sign in. */
  readonly variable: string | undefined
  readonly kind: 'variable' | 'literal' | 'sign-in'
  /** For people, e.g. `value of the policy "key" of "tracker"`. */
  readonly place: string
  /** Origins that it may be sent to, for people. One that a variable is part of is said by the name of the variable. */
  readonly hosts: readonly string[]
  /** Equal for uses that may take the secret to the same hosts in the same way. */
  readonly fingerprint: string
  /** Nothing uses it there: it stands in a policy that no route names. */
  readonly isIdle: boolean
}

/** Options that stand together, and what is known of where they go. */
interface Unit {
  /** The same for options of the same declaration. */
  readonly kind: string
  /** For people. */
  readonly owner: string
  /** Where the options stand in the declaration. */
  readonly at: JsonPath
  readonly options: unknown
  readonly variables: readonly NamedVariable[]
  /** Where the gateway sends what the options say, besides the hosts in the options themselves. */
  readonly upstreams: readonly Host[]
  /** What besides hosts decides who receives it: checks that are weakened, and authorities that are trusted. */
  readonly trust?: unknown
  readonly isIdle?: true
}

interface Host {
  readonly origin: string
  readonly shown: string
}

/**
 * Every use of a secret that a project configures: of each variable that it names, of each secret that stands in the files, and of the tokens of
 * people that it has exchanged. Every variable counts as a secret: nothing says which is none. What is switched off counts, so that switching it
 * on is no change.
 */
export function listSecretUses(project: Project): readonly SecretUse[] {
  const routes = [...project.routes, ...project.switchedOff]
  const idle = project.idlePolicies.map(({ name, type, options, variables }): Unit => {
    const owner = `the policy "${name}"`
    return { kind: type.type, owner, at: [], options, variables, upstreams: [], isIdle: true }
  })
  const units = [...routes.flatMap((route) => listRouteUnits(route, routes)), ...listProjectUnits(project), ...idle]
  return [...units.flatMap(listUnitUses), ...routes.flatMap(listSignInTokenUses)]
}

function listRouteUnits(route: RouteSpec, routes: readonly RouteSpec[]): Unit[] {
  const { handler, inbound, operationId, upstream } = route
  const upstreams = findUpstreams(route, routes)
  const authority = upstream?.clientCertificate?.certificateAuthority
  const policies = inbound.map(({ name, type, options, variables }): Unit => {
    return {
      kind: type.type,
      owner: `the policy "${name}" of "${operationId}"`,
      at: [],
      options,
      variables,
      upstreams: type.sendsNothingUpstream ? [] : upstreams,
      trust: type.upstreamSettings ? describeTrust(upstream) : authority,
    }
  })
  const { type, options, variables } = handler
  const owner = `the handler of "${operationId}"`
  return [{ kind: type.exportName, owner, at: [], options, variables, upstreams, trust: authority }, ...policies]
}

/** The hosts behind a route: of an aggregate those of its members, whichever of them a call goes to. */
function findUpstreams(route: RouteSpec, routes: readonly RouteSpec[]): readonly Host[] {
  const { type, options, variables } = route.handler
  const members = type.memberRoutes?.(options)
  if (members === undefined) {
    const origin = originOf(route.upstreamUrl)
    if (origin === undefined) return [{ origin: route.upstreamUrl, shown: 'a program on this machine' }]
    const inName = variables.filter(({ path }) => originOf(String(valueAt(options, path))) === origin)
    return [{ origin, shown: showHost(origin, inName) }]
  }
  const names = new Set(members.values())
  // No member is an aggregate, which the compiler checks.
  return routes
    .filter((each) => names.has(each.operationId) && each !== route)
    .flatMap((each) => findUpstreams(each, []))
}

function describeTrust(upstream: UpstreamSettings | undefined) {
  return [upstream?.trustedHosts, upstream?.oauth?.overrides, upstream?.clientCertificate?.certificateAuthority]
}

/** Settings and CORS policies: a secret may go to the hosts that stand beside it, in the same entry of a list or the same object. */
function listProjectUnits({ settings, settingsVariables, corsVariables }: Project): Unit[] {
  const literals = listSecrets(settings, []).map(({ path }) => path)
  const places = [...settingsVariables.map(({ path }) => path), ...literals]
  const roots = new Map(places.map(entryOf).map((root) => [JSON.stringify(root), root]))
  const ofSettings = [...roots.values()].map((at): Unit => {
    const variables = settingsVariables
      .filter(({ path }) => JSON.stringify(entryOf(path)) === JSON.stringify(at))
      .map(({ name, path }) => ({ name, path: path.slice(at.length) }))
    return { kind: 'settings', owner: 'sallyport.jsonc', at, options: valueAt(settings, at), variables, upstreams: [] }
  })
  const cors = { kind: 'cors', owner: 'policies.json', at: [], options: {}, variables: corsVariables, upstreams: [] }
  return [...ofSettings, cors]
}

/** The entry of a list, or what a group of settings names: `telemetry.otlp` has a URL, and headers in an object of their own. */
function entryOf(path: JsonPath): JsonPath {
  const index = path.findIndex((segment) => typeof segment === 'number')
  return path.slice(0, index === -1 ? 2 : index + 1)
}

function listUnitUses(unit: Unit): SecretUse[] {
  const { options, variables } = unit
  const named = new Set(variables.map(({ path }) => JSON.stringify(path)))
  const ofVariables = variables.map(({ name, path }) => {
    return { secret: `variable ${name}`, kind: 'variable' as const, variable: name, path }
  })
  const literals = listSecrets(options, [])
    .filter(({ path }) => !named.has(JSON.stringify(path)))
    .map(({ secret, path }) => {
      return { secret: `literal ${sha256(secret.reveal())}`, kind: 'literal' as const, variable: undefined, path }
    })
  const found = [...ofVariables, ...literals]
  return found.length === 0 ? [] : toUses(unit, found)
}

function toUses(unit: Unit, found: readonly (Pick<SecretUse, 'secret' | 'kind' | 'variable'> & { path: JsonPath })[]) {
  const { kind, owner, at, options, variables, upstreams, trust, isIdle = false } = unit
  const own = listHosts(options, variables)
  const origins = own.map(({ origin, path }) => `${generalize(path)} ${origin}`).sort()
  const behind = upstreams.map(({ origin }) => origin).sort()
  const hosts = [...new Set([...upstreams, ...own].map(({ shown }) => shown))]
  return found.map(({ path, ...secret }): SecretUse => {
    const place = generalize([...at, ...path])
    const fingerprint = JSON.stringify([secret.secret, kind, place, origins, [...new Set(behind)], trust])
    return { ...secret, place: `${place} of ${owner}`, hosts, fingerprint, isIdle }
  })
}

/** What people brought from the identity provider is sent to a token endpoint, and what comes of it to the upstream. */
function listSignInTokenUses({ operationId, upstream }: RouteSpec): SecretUse[] {
  const endpoints = [upstream?.tokenExchange, upstream?.idJag?.idp, upstream?.idJag?.resourceAs]
  const urls = endpoints.flatMap((each) => each?.tokenUrl ?? [])
  if (upstream === undefined || urls.length === 0) return []
  const hosts = [...new Set([...urls, upstream.url].map((url) => new URL(url).origin))]
  const fingerprint = JSON.stringify(['sign-in', upstream.mode, urls.map(originOf), originOf(upstream.url)])
  const place = `${upstream.mode} of "${operationId}"`
  return [{ secret: 'sign-in', kind: 'sign-in', variable: undefined, place, hosts, fingerprint, isIdle: false }]
}

function listHosts(value: unknown, variables: readonly NamedVariable[]): readonly (Host & { path: JsonPath })[] {
  const secrets = listSecrets(value, []).map(({ secret, path }) => ({ text: secret.reveal(), path, isSecret: true }))
  return [...listTexts(value, []), ...secrets].flatMap(({ text, path, isSecret = false }) => {
    const origin = originOf(text)
    const here = variables.filter((each) => JSON.stringify(each.path) === JSON.stringify(path))
    if (origin === undefined) return []
    const shown = isSecret && here.length === 0 ? 'the host that a secret of the files names' : showHost(origin, here)
    return [{ origin, shown, path }]
  })
}

/** The variable may be in the name of the host: whoever tries an edit must not read it there. */
function showHost(origin: string, variables: readonly NamedVariable[]): string {
  const names = [...new Set(variables.map(({ name }) => `$env(${name})`))]
  return names.length === 0 ? origin : `the host that ${names.join(' and ')} names`
}

function originOf(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || url.host === '') return undefined
  // Other schemes have the origin "null".
  return url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin
}

interface Text {
  readonly text: string
  readonly path: JsonPath
  /** The URL of a database holds a password. */
  readonly isSecret?: boolean
}

function listTexts(value: unknown, path: JsonPath): readonly Text[] {
  if (typeof value === 'string') return [{ text: value, path }]
  return members(value).flatMap(([name, member]) => listTexts(member, [...path, name]))
}

function listSecrets(value: unknown, path: JsonPath): readonly { readonly secret: Secret; readonly path: JsonPath }[] {
  if (value instanceof Secret) return [{ secret: value, path }]
  return members(value).flatMap(([name, member]) => listSecrets(member, [...path, name]))
}

function members(value: unknown): readonly [string | number, unknown][] {
  if (value instanceof Map || value instanceof Set) return [...[...value].entries()]
  if (Array.isArray(value)) return [...value.entries()]
  return typeof value === 'object' && value !== null && !(value instanceof Secret) ? Object.entries(value) : []
}

function valueAt(value: unknown, path: JsonPath): unknown {
  return path.reduce<unknown>((found, segment) => new Map(members(found)).get(segment), value)
}

/** Places in a list are the same place: entries may be sorted. */
function generalize(path: JsonPath): string {
  return path.map((segment) => (typeof segment === 'number' ? '*' : segment)).join('.')
}
