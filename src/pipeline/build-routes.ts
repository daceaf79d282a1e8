import type { PolicySpec, Project, RouteSpec } from '../config/project.ts'
import type { CredentialBroker } from '../contracts/credential.ts'
import type { HandlerHost, RouteCaller } from '../contracts/handler.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Policy, PolicyHost } from '../contracts/policy.ts'
import { upstreamName } from '../lib/upstream-name.ts'
import { CatalogCache } from '../mcp/catalog-cache.ts'
import { listMethods } from '../mcp/methods.ts'
import { joinAuthentication, withoutAuthentication } from './authenticate-request.ts'
import { createRouteCaller } from './call-route.ts'
import { originRules } from './origin-rules.ts'
import { placeRoutes, type RoutePlace } from './place-routes.ts'
import type { NamedPolicy, PhasePolicy, PipelineHost, Route } from './route.ts'
import { StreamSlots } from './stream-slots.ts'
import { forwardedHeaders } from './trace-message.ts'

/** What policies and handlers are given; the rest of their host is particular to each. */
export interface BuildHost {
  readonly policies: Omit<PolicyHost, 'policyName'>
  readonly handlers: Omit<
    HandlerHost,
    'routeName' | 'credentials' | 'hasStream' | 'projectDirectory' | 'environment' | 'routes' | 'claimPlace'
  >
  readonly broker: CredentialBroker
  readonly pipeline: PipelineHost
}

/** Every route of a project with its policies and handlers created, and how to let go of them. */
export interface BuiltRoutes {
  /** By path. */
  readonly routes: ReadonlyMap<string, Route>
  /** By operationId. */
  readonly names: ReadonlyMap<string, Route>
  close(): Promise<void>
}

/** Creates each policy once, however many routes use it, and one handler per route. Throws what a `create` throws. */
export function buildRoutes(project: Project, host: BuildHost): BuiltRoutes {
  const policies = new Map<string, NamedPolicy>()
  const routes = new Map<string, Route>()
  const names = new Map<string, Route>()
  const named = (spec: PolicySpec): NamedPolicy => {
    const known = policies.get(spec.name)
    if (known) return known
    const created = {
      name: spec.name,
      policy: spec.type.create(spec.options, { ...host.policies, policyName: spec.name }),
    }
    policies.set(spec.name, created)
    return created
  }
  const places = host.pipeline.relay && placeRoutes(project.routes)
  for (const spec of project.routes) {
    const routeCaller = createRouteCaller(spec.operationId, names, host.pipeline)
    const route = buildRoute(spec, project, spec.inbound.map(named), host, routeCaller, places?.get(spec.operationId))
    names.set(route.name, route)
    if (!spec.internal) routes.set(route.path, route)
  }
  return {
    routes,
    names,
    close: async () => {
      const { log } = host.policies
      await Promise.all([...policies.values()].map(({ name, policy }) => closePart(name, policy, log)))
      await Promise.all([...names.values()].map(({ name, handler }) => closePart(name, handler, log)))
    },
  }
}

/** What fails to close keeps neither the other parts nor the events of a stopping gateway from their end. */
async function closePart(name: string, part: { close?(): Promise<void> }, log: Logger): Promise<void> {
  try {
    await part.close?.()
  } catch (error) {
    log.error({ name, err: error }, 'could not be closed')
  }
}

function buildRoute(
  spec: RouteSpec,
  project: Project,
  policies: readonly NamedPolicy[],
  host: BuildHost,
  routeCaller: RouteCaller,
  place: RoutePlace | undefined,
): Route {
  const { relay } = host.pipeline
  const propagation = spec.propagation ?? project.settings.telemetry.propagation
  const handler = spec.handler.type.create(spec.handler.options, {
    ...host.handlers,
    routeName: spec.operationId,
    credentials: spec.upstream && host.broker.open(spec.upstream),
    hasStream: hasStream(spec),
    routes: routeCaller,
    claimPlace: relay && place && ((exchange) => relay.claim(exchange, place)),
    projectDirectory: project.directory,
    environment: spec.handler.environment,
  })
  const resultPolicies = new Map<string, PhasePolicy<'onResult'>[]>()
  for (const method of new Set(policies.flatMap(({ policy }) => [...(policy.reads ?? [])]))) {
    resultPolicies.set(
      method,
      policies
        .filter(inPhase('onResult'))
        .filter(({ policy }) => policy.reads?.has(method))
        .toSorted((left, right) => Number(right.policy.readsFirst ?? false) - Number(left.policy.readsFirst ?? false)),
    )
  }
  return {
    name: spec.operationId,
    path: spec.path,
    tenant: spec.tenant,
    upstream: upstreamName(spec.upstreamUrl),
    handler,
    forwardHeaders: forwardedHeaders(handler.forwardHeaders, propagation),
    tracing: { propagation, tracer: host.pipeline.tracer },
    hasStream: hasStream(spec),
    streamSlots: new StreamSlots(),
    place,
    credentialMode: spec.upstream?.mode,
    requestPolicies: joinAuthentication(policies, spec.tenant),
    partPolicies: withoutAuthentication(policies),
    withhold: policies.flatMap(({ policy: { authentication } }) =>
      authentication?.withhold ? [authentication.withhold.bind(authentication)] : [],
    ),
    messagePolicies: policies.filter(inPhase('onMessage')),
    resultPolicies,
    resultVaries: policies.some(({ policy }) => readsLists(policy) && policy.resultDependsOn !== 'nothing'),
    origins: originRules(spec.cors, project),
    cache: new CatalogCache(relay && (() => relay.tellListsChanged(spec.operationId))),
  }
}

/** Streams and the end of sessions belong together, so declaring "get" is enough for both. */
function hasStream({ methods }: RouteSpec): boolean {
  return methods.includes('GET')
}

function inPhase<Phase extends 'onMessage' | 'onResult'>(phase: Phase) {
  return (entry: NamedPolicy): entry is PhasePolicy<Phase> => entry.policy[phase] !== undefined
}

function readsLists(policy: Policy): boolean {
  return [...(policy.reads ?? [])].some((method) => listMethods.has(method) || method === 'server/discover')
}
