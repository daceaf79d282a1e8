import { nearestName } from '../lib/nearest-name.ts'
import { checkRedirectUri } from '../oauth/authorization-server/redirect-uris.ts'
import type { ProblemList } from './problem-list.ts'
import type { RouteSpec } from './project.ts'
import type { Settings } from './project-schema.ts'
import type { SourceDocument } from './source-document.ts'

/** Checks the pre-registered clients against each other and against the virtual servers of the project. */
export function checkClients(
  { clients }: Settings,
  routes: readonly RouteSpec[],
  document: SourceDocument,
  problems: ProblemList,
): void {
  const names = routes.flatMap(({ virtualServer }) => virtualServer?.name ?? [])
  for (const [index, { id, servers, redirectUris }] of clients.entries()) {
    const at = ['clients', index]
    if (clients.findIndex((client) => client.id === id) < index) {
      problems.error(document, [...at, 'id'], `the client id "${id}" is used already`, 'Give each client its own.')
    }
    for (const [position, server] of servers.entries()) {
      if (server === '*' || names.includes(server)) continue
      const nearest = nearestName(server, names)
      const remedy = nearest ? `Write "${nearest}".` : `There are: ${names.join(', ')}.`
      problems.error(document, [...at, 'servers', position], `there is no virtual server "${server}"`, remedy)
    }
    for (const [position, uri] of redirectUris.entries()) {
      const problem = checkRedirectUri(uri)
      if (problem !== undefined) problems.error(document, [...at, 'redirectUris', position], problem)
    }
  }
}
