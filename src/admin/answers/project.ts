import type { Problem, Project, RouteSpec } from '../../config/project.ts'
import { redactSettings } from '../../config/redact-settings.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { toIsoTime } from '../../lib/iso-time.ts'
import { listConnectWays } from '../../registry/connect-ways.ts'
import type { AnswersOf } from '../answer.ts'

export const projectAnswers: AnswersOf<'getProject' | 'listVirtualServers' | 'getVirtualServer'> = {
  getProject(_input, { host }) {
    const project = host.project()
    const failed = host.failedReload()
    return {
      directory: project.directory,
      mode: project.mode,
      publicUrl: project.publicUrl,
      contentHash: project.contentHash,
      loadedAt: toIsoTime(host.loadedAtMs()),
      settings: redactSettings(project.settings, project) as Record<string, unknown>,
      policies: listPolicies(project),
      virtualServers: project.virtualServers.length,
      warnings: project.warnings.map(describeProblem),
      failedReload: failed ? { at: toIsoTime(failed.atMs), problems: failed.problems.map(describeProblem) } : null,
    }
  },
  listVirtualServers(_input, { host }) {
    const project = host.project()
    return { items: project.routes.map((route) => describeServer(route, project)) }
  },
  getVirtualServer({ params: { name } }, { host }) {
    const project = host.project()
    const route = project.routes.find(({ operationId }) => operationId === name)
    if (route === undefined) throw new GatewayError('admin_not_found')
    return { ...describeServer(route, project), ...describeDetails(route, project) }
  },
}

export function describeProblem({ remedy, ...problem }: Problem) {
  const { severity, file, line, column, path, message } = problem
  return { severity, file, line, column, path, message, remedy: remedy ?? null }
}

function listPolicies({ routes }: Project) {
  const found = new Map<string, { name: string; type: string; usedBy: string[] }>()
  for (const { inbound, operationId } of routes) {
    for (const { name, type } of inbound) {
      const entry = found.get(name) ?? { name, type: type.type, usedBy: [] }
      entry.usedBy.push(operationId)
      found.set(name, entry)
    }
  }
  return [...found.values()]
}

function describeServer(route: RouteSpec, project: Project) {
  const { operationId, title, description, path, methods, internal, tenant, handler, inbound, upstream } = route
  return {
    name: operationId,
    title,
    description: description ?? null,
    path,
    url: route.virtualServer?.resource ?? project.publicUrl + path,
    methods: [...methods],
    internal,
    tenant: tenant ?? null,
    handler: handler.type.exportName,
    upstream: {
      id: upstream?.id ?? null,
      url: redactSettings(route.upstreamUrl, project) as string,
      credentialMode: upstream?.mode ?? null,
    },
    signIn: inbound.some(({ type }) => type.signInSettings !== undefined),
    policies: inbound.map(({ name }) => name),
  }
}

function describeDetails({ operationId, handler, inbound, cors, virtualServer }: RouteSpec, project: Project) {
  const members = handler.type.memberRoutes?.(handler.options) ?? new Map<string, string>()
  return {
    handlerOptions: redactSettings(handler.options, project),
    policyOptions: inbound.map(({ name, type, options }) => ({
      name,
      type: type.type,
      summary: type.summary,
      options: redactSettings(options, project),
    })),
    members: [...members].map(([name, route]) => ({ name, route })),
    scopes: [...(virtualServer?.scopes ?? [])],
    pinned: Object.hasOwn(project.pins, operationId),
    cors: cors?.name ?? null,
    connect: virtualServer
      ? listConnectWays(operationId, virtualServer.resource).map((way) => ({ ...way, place: way.place ?? null }))
      : [],
  }
}
