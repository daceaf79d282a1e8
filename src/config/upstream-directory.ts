import type { UpstreamDirectory } from '../contracts/upstream.ts'
import type { Project } from './project.ts'

/** The upstreams of whichever project runs now. */
export function createUpstreamDirectory(project: () => Pick<Project, 'routes'>): UpstreamDirectory {
  const list = () => {
    const upstreams = project().routes.flatMap(({ upstream }) => upstream ?? [])
    // Several routes may lead to one upstream.
    return [...new Map(upstreams.map((each) => [each.id, each])).values()]
  }
  return {
    list,
    find: (id) => list().find((each) => each.id === id),
    findByServer: (name) => project().routes.find(({ virtualServer }) => virtualServer?.name === name)?.upstream,
    tenantsOf(id) {
      const routes = project().routes.filter(({ upstream }) => upstream?.id === id)
      return [...new Set(routes.map(({ tenant }) => tenant))]
    },
  }
}
