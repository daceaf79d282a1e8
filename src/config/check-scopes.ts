import type { SignInSettings } from '../contracts/virtual-server.ts'
import { nearestName } from '../lib/nearest-name.ts'
import type { CompiledPolicies } from './compile-policies.ts'
import type { ProblemList } from './problem-list.ts'
import type { RouteSpec } from './project.ts'
import type { SourceDocument } from './source-document.ts'

/** Scopes are of virtual servers where people sign in: anywhere else they would protect nothing. */
export function checkScopes(
  { signIn, places, specs }: CompiledPolicies,
  { scopes }: SignInSettings,
  routes: readonly RouteSpec[],
  document: SourceDocument,
  problems: ProblemList,
): void {
  const policy = specs.get(signIn ?? '')
  const at = [...(places.get(signIn ?? '') ?? []), 'handler', 'options', 'scopes']
  const servers = routes.filter(({ virtualServer }) => virtualServer !== undefined)
  const protectedNames = servers.filter(({ inbound }) => inbound.some((each) => each === policy)).map(nameOf)
  for (const name of Object.keys(scopes ?? {})) {
    if (protectedNames.includes(name)) continue
    if (servers.map(nameOf).includes(name)) {
      const message = `the virtual server "${name}" does not use this policy, so its scopes would mean nothing`
      problems.error(document, [...at, name], message, `Add "${signIn}" to its policies.inbound.`, 'key')
      continue
    }
    const nearest = nearestName(name, protectedNames)
    const remedy = nearest ? `Write "${nearest}".` : `There are: ${protectedNames.join(', ')}.`
    problems.error(document, [...at, name], `there is no virtual server "${name}"`, remedy, 'key')
  }
}

function nameOf({ operationId }: RouteSpec): string {
  return operationId
}
