import { nearestName } from '../lib/nearest-name.ts'
import type { ProblemList } from './problem-list.ts'
import type { RouteSpec } from './project.ts'
import { isSwitchedOff, type Operation, routeMember } from './read-operations.ts'

/**
 * Members of an aggregate are other MCP routes of the project, which it must not open to anybody who could not come to them by another way:
 * people of another tenant, or people who did not sign in. An aggregate is no member, so there are no circles.
 */
export function checkMembers(
  routes: readonly RouteSpec[],
  operations: readonly Operation[],
  problems: ProblemList,
): void {
  const byName = new Map(routes.map((route) => [route.operationId, route]))
  const reached = new Set<string>()
  for (const route of routes) {
    const operation = operations.find(({ path }) => path === route.path)
    const members = membersOf(route)
    if (operation === undefined || members === undefined) continue
    for (const [name, target] of members) {
      reached.add(target)
      const at = [...operation.at, routeMember, 'handler', 'options', 'members', name, 'route']
      const member = byName.get(target)
      const [message, remedy] = member ? misfit(route, member) : missingRoute(target, routes, operations)
      if (message !== undefined) problems.error(operation.document, at, message, remedy)
    }
  }
  for (const { path, operationId, internal } of routes) {
    const operation = operations.find((candidate) => candidate.path === path)
    if (!internal || reached.has(operationId) || operation === undefined) continue
    const at = [...operation.at, routeMember, 'internal']
    problems.warning(operation.document, at, `"${operationId}" is internal, and no aggregate has it as a member`)
  }
}

function membersOf({ handler }: RouteSpec): ReadonlyMap<string, string> | undefined {
  return handler.type.memberRoutes?.(handler.options)
}

type Misfit = readonly [message?: string, remedy?: string]

function missingRoute(target: string, routes: readonly RouteSpec[], operations: readonly Operation[]): Misfit {
  const isOff = operations.some((operation) => operation.fields.operationId === target && isSwitchedOff(operation))
  if (isOff) return [`"${target}" is switched off`, 'Switch it on, or remove it from the members.']
  const names = routes.filter((route) => membersOf(route) === undefined).map(({ operationId }) => operationId)
  const nearest = nearestName(
    target,
    routes.map(({ operationId }) => operationId),
  )
  const remedy = nearest ? `Write "${nearest}".` : `There are: ${names.join(', ') || 'none yet'}.`
  return [`there is no route with the operationId "${target}"`, remedy]
}

function misfit(aggregate: RouteSpec, member: RouteSpec): Misfit {
  if (membersOf(member)) {
    return [`"${member.operationId}" is an aggregate itself`, 'Name the routes that it is made of.']
  }
  if (member.tenant !== undefined && member.tenant !== aggregate.tenant) {
    const message = `"${member.operationId}" belongs to the tenant "${member.tenant}", this route does not`
    return [message, `Write "tenant": "${member.tenant}" for this route, or remove it from that one.`]
  }
  if (isClosed(member) && !isClosed(aggregate)) {
    const message = `people sign in to "${member.operationId}", but through this route nobody would have to`
    return [message, 'Let people sign in to this route as well.']
  }
  return []
}

/** Nobody comes in without a credential. */
function isClosed({ inbound }: RouteSpec): boolean {
  const asks = inbound.some(({ type }) => type.authenticates || type.signInSettings !== undefined)
  return asks && !inbound.some(({ type, options }) => type.admitsAnonymous?.(options))
}
