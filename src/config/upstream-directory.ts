import type { UpstreamDirectory, UpstreamSettings } from '../contracts/upstream.ts'
import type { Project, RouteSpec } from './project.ts'

/** The upstreams of whichever project runs now. */
export function createUpstreamDirectory(project: () => Pick<Project, 'routes'>): UpstreamDirectory {
  const list = () => upstreamsOf(project().routes)
  return {
    list,
    find: (id) => list().find((each) => each.id === id),
    listByServer(name) {
      const { routes } = project()
      const own = routes.find(({ operationId }) => operationId === name)
      const members = own?.handler.type.memberRoutes?.(own.handler.options).values() ?? []
      const names = [name, ...members]
      return upstreamsOf(names.flatMap((each) => routes.find(({ operationId }) => operationId === each) ?? []))
    },
    tenantsOf(id) {
      const routes = project().routes.filter(({ upstream }) => upstream?.id === id)
      return [...new Set(routes.map(({ tenant }) => tenant))]
    },
  }
}

/** Several routes may lead to one upstream. */
function upstreamsOf(routes: readonly RouteSpec[]): readonly UpstreamSettings[] {
  const upstreams = routes.flatMap(({ upstream }) => upstream ?? [])
  return [...new Map(upstreams.map((each) => [each.id, each])).values()]
}
