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
  const scopes = [...new Set(routes.flatMap(({ virtualServer }) => virtualServer?.scopes ?? []))]
  for (const [index, { id, tenant, servers, scopes: asked, redirectUris }] of clients.entries()) {
    const at = ['clients', index]
    if (clients.findIndex((client) => client.id === id) < index) {
      problems.error(document, [...at, 'id'], `the client id "${id}" is used already`, 'Give each client its own.')
    }
    for (const [position, server] of servers.entries()) {
      const place = [...at, 'servers', position]
      const found = routes.find(({ virtualServer }) => virtualServer?.name === server)
      if (found?.tenant !== undefined && found.tenant !== tenant) {
        const message = `"${server}" belongs to tenant "${found.tenant}", the client to "${tenant}"`
        problems.error(document, place, message, `Write "tenant": "${found.tenant}", or remove the virtual server.`)
      }
      if (server === '*' || found !== undefined) continue
      problems.error(document, place, `there is no virtual server "${server}"`, suggestName(server, names))
    }
    for (const [position, scope] of asked.entries()) {
      if (scopes.includes(scope)) continue
      const message = `no virtual server has the scope "${scope}"`
      problems.error(document, [...at, 'scopes', position], message, suggestName(scope, scopes))
    }
    for (const [position, uri] of redirectUris.entries()) {
      const problem = checkRedirectUri(uri)
      if (problem !== undefined) problems.error(document, [...at, 'redirectUris', position], problem)
    }
  }
}

function suggestName(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return nearest ? `Write "${nearest}".` : `There are: ${known.join(', ')}.`
}
