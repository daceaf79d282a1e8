import type { HandlerType } from '../contracts/handler.ts'
import type { UpstreamSettings } from '../contracts/upstream.ts'
import type { ServerScopes, VirtualServer } from '../contracts/virtual-server.ts'
import { isJsonObject, objectMember, stringMember } from '../lib/json.ts'
import { nearestName } from '../lib/nearest-name.ts'
import { upstreamName } from '../lib/upstream-name.ts'
import { hashPins, type Pins } from '../mcp/definitions/pins-file.ts'
import { defaultScope } from '../oauth/default-scope.ts'
import { checkRoutePath } from './check-route-path.ts'
import { checkShape } from './check-shape.ts'
import { findCorsPolicy } from './compile-cors.ts'
import type { CompiledPolicies } from './compile-policies.ts'
import type { JsonPath } from './json-path.ts'
import type { Environment } from './load-project.ts'
import { checkModule } from './module-reference.ts'
import { type NamedVariable, pathsFrom } from './named-variable.ts'
import type { ProblemList } from './problem-list.ts'
import type { CorsPolicy, PolicySpec, RouteSpec } from './project.ts'
import { type Operation, routeMember } from './read-operations.ts'
import { type RouteExtension, routeExtensionSchema } from './route-extension.ts'
import { refuseEnvironment, substituteEnvironment } from './substitute-env.ts'

/** What a route may refer to. */
export interface RouteContext {
  readonly handlerTypes: readonly HandlerType[]
  readonly policies: CompiledPolicies
  readonly corsPolicies: ReadonlyMap<string, CorsPolicy>
  readonly environment: Environment
  /** Undefined while the settings have problems of their own. */
  readonly publicUrl: string | undefined
  readonly basePath: string
  /** By name of the virtual server. */
  readonly scopes: ReadonlyMap<string, ServerScopes>
  readonly pins: Pins
  readonly problems: ProblemList
}

/** The route that an operation declares; undefined after problems were reported. */
export function compileRoute(operation: Operation, context: RouteContext): RouteSpec | undefined {
  const { document, fields, path, methods } = operation
  const { problems } = context
  const at = [...operation.at, routeMember]
  refuseEnvironment(
    fields,
    operation.at,
    { document, environment: context.environment, problems },
    new Set(['options']),
  )
  const extension = checkShape(routeExtensionSchema, { document, path: at, value: fields[routeMember], problems })
  const operationId = readText('operationId', operation, problems)
  checkRoutePath(operation, context.basePath, problems)
  if (operationId === undefined) {
    problems.error(
      document,
      operation.at,
      'an MCP route needs an operationId: the name of the virtual server',
      'Add "operationId".',
      'key',
    )
  }
  if (extension === undefined) return undefined
  const inbound = findPolicies(extension, operation, at, context)
  const cors = findCorsPolicy(extension.corsPolicy, methods, context.corsPolicies, (message, remedy) =>
    problems.error(document, [...at, 'corsPolicy'], message, remedy),
  )
  const handler = compileHandler(extension.handler, operation, [...at, 'handler'], context)
  if (handler === undefined || operationId === undefined || context.publicUrl === undefined) return undefined
  const title = readText('summary', operation, problems) ?? operationId
  const description = readText('description', operation, problems)
  const virtualServer = newVirtualServer(
    {
      name: operationId,
      title,
      description,
      path,
      tenant: extension.tenant,
      registry: {
        ...extension.registry,
        listed: extension.registry.listed && !extension.internal,
        documentVersion: readDocumentVersion(operation),
        surface: hashPins(context.pins.get(operationId)),
      },
    },
    handler.upstreamUrl,
    context.publicUrl,
    context.scopes.get(operationId),
  )
  return {
    path,
    internal: extension.internal,
    methods,
    operationId,
    title,
    description,
    tenant: extension.tenant,
    propagation: extension.propagation,
    handler,
    inbound,
    cors,
    upstreamUrl: handler.upstreamUrl,
    upstream: compileUpstream(inbound, handler.upstreamUrl, [...at, 'policies', 'inbound'], operation, problems),
    virtualServer,
  }
}

/** A route presents one credential: two policies that each bring one would leave it to chance whose it is. */
function compileUpstream(
  inbound: readonly PolicySpec[],
  upstreamUrl: string,
  at: JsonPath,
  { document }: Operation,
  problems: ProblemList,
): UpstreamSettings | undefined {
  const [spec, second] = inbound.filter(({ type }) => type.upstreamSettings !== undefined)
  if (second !== undefined) {
    const message = `"${spec?.name}" and "${second.name}" both bring a credential for the upstream`
    return problems.error(document, at, message, 'Keep one of the two.')
  }
  if (spec !== undefined && new URL(upstreamUrl).host === '') {
    const message = `"${spec.name}" brings a credential, but the handler has no URL that it could be sent to`
    const remedy =
      'Remove the policy. A program gets its credential in options.env; a member of an aggregate has policies of its own.'
    return problems.error(document, at, message, remedy)
  }
  return spec?.type.upstreamSettings?.(spec.options, spec.name, upstreamUrl)
}

function compileHandler(
  { module, export: exportName, options: raw }: RouteExtension['handler'],
  { document, methods, at: operationAt }: Operation,
  at: JsonPath,
  { handlerTypes, environment, problems }: RouteContext,
): (RouteSpec['handler'] & Pick<RouteSpec, 'upstreamUrl'>) | undefined {
  const named: NamedVariable[] = []
  const value = substituteEnvironment(raw, [...at, 'options'], { document, environment, problems, named })
  const moduleFits = checkModule(module, document, [...at, 'module'], problems)
  const type = handlerTypes.find((candidate) => candidate.exportName === exportName)
  if (type === undefined) {
    const names = handlerTypes.map((candidate) => candidate.exportName)
    const nearest = nearestName(exportName, names)
    const remedy = nearest ? `Write "${nearest}".` : `There are: ${names.join(', ')}.`
    return moduleFits
      ? problems.error(document, [...at, 'export'], `there is no handler "${exportName}"`, remedy)
      : undefined
  }
  if (!methods.includes('POST')) {
    problems.error(document, operationAt, 'an MCP route needs the method post', 'Write "post" or "get,post".', 'key')
  }
  const options = checkShape(type.options, { document, path: [...at, 'options'], value, problems })
  if (options === undefined) return undefined
  const upstreamUrl = type.upstreamUrl(options)
  const inherited = pickVariables(environment, type.inheritedVariables?.(options) ?? [])
  const variables = pathsFrom([...at, 'options'], named)
  if (URL.canParse(upstreamUrl)) return { type, options, variables, upstreamUrl, environment: inherited }
  return problems.error(document, [...at, 'options'], 'the URL of the upstream is not a URL')
}

function pickVariables(environment: Environment, names: readonly string[]): { [name: string]: string } {
  const found: { [name: string]: string } = {}
  for (const name of names) {
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined
    if (value !== undefined) found[name] = value
  }
  return found
}

function findPolicies(
  extension: RouteExtension,
  operation: Operation,
  at: JsonPath,
  context: RouteContext,
): PolicySpec[] {
  const { policies, problems } = context
  const { document } = operation
  const { policies: named } = extension
  for (const [index, name] of named.outbound.entries()) {
    const message = `outbound policies are not supported yet: "${name}"`
    problems.error(document, [...at, 'policies', 'outbound', index], message, 'They arrive in a later version.')
  }
  const found: PolicySpec[] = []
  for (const [index, name] of named.inbound.entries()) {
    const place = [...at, 'policies', 'inbound', index]
    if (named.inbound.indexOf(name) < index)
      problems.error(document, place, `"${name}" is named twice`, 'Remove one of the two.')
    else if (policies.known && !policies.names.has(name)) {
      const nearest = nearestName(name, policies.names)
      const remedy = nearest
        ? `Write "${nearest}".`
        : `Add it to ${context.policies.names.size > 0 ? 'the policies' : 'config/policies.json'}.`
      problems.error(document, place, `there is no policy "${name}"`, remedy)
    }
    const spec = policies.specs.get(name)
    if (spec) found.push(spec)
  }
  // Who comes to it came through an aggregate.
  if (!extension.internal) warnIfOpen(operation, found, named.inbound, context)
  return found
}

/** Says that nobody has to sign in. Not while a policy of the route has problems: it may be the one that was meant. */
function warnIfOpen(
  { document, at }: Operation,
  found: readonly PolicySpec[],
  names: readonly string[],
  { policies, problems }: RouteContext,
): void {
  if (found.length < names.length) return
  const open = found.find(({ type, options }) => type.admitsAnonymous?.(options))
  if (open !== undefined) {
    const message = `requests without a credential pass: whoever reaches this MCP route may use it`
    const remedy = `Remove allowUnauthenticatedRequests from "${open.name}", or leave it if that is meant.`
    problems.warning(document, at, message, remedy, 'key')
    return
  }
  if (found.some(({ type }) => type.authenticates || type.signInSettings !== undefined)) return
  const remedy = policies.signIn
    ? `Add "${policies.signIn}" to policies.inbound.`
    : 'Add a policy of type mcp-oauth-inbound.'
  problems.warning(document, at, 'nobody signs in to this MCP route: whoever reaches it may use it', remedy, 'key')
}

function readText(name: string, { document, fields, at }: Operation, problems: ProblemList): string | undefined {
  const value = fields[name]
  if (value === undefined) return undefined
  if (typeof value === 'string' && value.trim() !== '') return value
  return problems.error(document, [...at, name], 'must be a text')
}

function readDocumentVersion({ document }: Operation): string | undefined {
  const info = isJsonObject(document.value) ? objectMember(document.value, 'info') : undefined
  return info && stringMember(info, 'version')
}

function newVirtualServer(
  names: Pick<VirtualServer, 'name' | 'title' | 'description' | 'path' | 'tenant' | 'registry'>,
  upstreamUrl: string,
  publicUrl: string,
  scopes: ServerScopes | undefined,
): VirtualServer {
  return {
    ...names,
    resource: publicUrl + names.path,
    // RFC 9728 §3.1: the well-known part goes between host and path.
    metadataUrl: `${publicUrl}/.well-known/oauth-protected-resource${names.path}`,
    ...describeScopes(scopes),
    upstream: upstreamName(upstreamUrl),
  }
}

function describeScopes(scopes: ServerScopes | undefined): Pick<VirtualServer, 'scopes' | 'baseScopes' | 'toolScopes'> {
  const { base = [defaultScope], tools = {} } = scopes ?? {}
  const all = [...new Set([...base, ...Object.values(tools).flat()])]
  const toolScopes = Object.keys(tools).length > 0 ? { toolScopes: tools } : {}
  return { scopes: all, baseScopes: base, ...toolScopes }
}
