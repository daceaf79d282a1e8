import { equalSettings } from '../config/equal-settings.ts'
import type { PolicySpec, Project, RouteSpec } from '../config/project.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Administrator } from './admin-host.ts'
import { includesRole } from './find-role.ts'
import { type ChangeSource, findSecretChanges, type SecretChange } from './find-secret-changes.ts'

/** Something of a change that only an owner may make. */
export interface OwnerChange extends SecretChange {
  /** The reason with which an editor is refused. */
  readonly reason: 'admin_role_required' | 'admin_secret_needs_owner'
}

/** Settings that decide who is who, what may call on its own behalf, and what the store and its keys are. */
const guardedSettings = [
  'admin',
  'audit',
  'storage',
  'vault',
  'publicUrl',
  'basePath',
  'allowedHosts',
  'trustedProxies',
  'clients',
] as const

/** What the gateway reads its own keys from. */
const ownVariables = /^(SALLYPORT_|AWS_|VAULT_)/

/**
 * What of a change of the project only an owner may make: whatever would hand an editor more than the role gives. Who may sign in and how people
 * are recognised decides who is an owner, and whose connections are used; a program that the gateway starts could read its store.
 * Empty: an editor may make it.
 */
function findOwnerChanges(before: Project, after: Project): readonly string[] {
  const changed: string[] = guardedSettings.filter(
    (name) => !equalSettings(before.settings[name], after.settings[name]),
  )
  if (!equalSettings(before.signIn, after.signIn)) changed.push('the sign-in policy')
  const named = [...after.environmentValues.keys()].filter((name) => !before.environmentValues.has(name))
  if (named.some((name) => ownVariables.test(name))) changed.push('which variables of the gateway itself are read')
  if (hasNew(before, after, authoritiesOf)) changed.push('whose tokens are believed')
  if (hasNew(before, after, programOf)) changed.push('programs that the gateway starts')
  return changed
}

/** True when a route has something that none had before. What stays the same may move to another route. */
function hasNew(before: Project, after: Project, list: (route: RouteSpec) => unknown[]): boolean {
  const known = before.routes.flatMap(list)
  return after.routes.flatMap(list).some((found) => !known.some((each) => equalSettings(each, found)))
}

/** Who says who a caller is: with an issuer of their own, an editor could be anybody, and use the connections of everybody. */
function authoritiesOf({ inbound }: RouteSpec): unknown[] {
  const speaksForPeople = ({ type }: PolicySpec) => type.bareSubjectIssuers !== undefined
  return inbound.filter(speaksForPeople).map(({ type, options }) => ({ type: type.type, options }))
}

/** What of a change only an owner may make, with the reason for each. Empty: an editor may make it. */
export function listOwnerChanges(before: Project, after: Project, source: ChangeSource): readonly OwnerChange[] {
  const changes = findOwnerChanges(before, after).map((what) => {
    return { reason: 'admin_role_required' as const, what, variable: null, hosts: [] }
  })
  const secrets = findSecretChanges(before, after, source)
  return [...changes, ...secrets.map((each) => ({ reason: 'admin_secret_needs_owner' as const, ...each }))]
}

/** Throws `admin_role_required` or `admin_secret_needs_owner` where an editor would make a change that is an owner's. */
export function admitChange(before: Project, after: Project, { role }: Administrator, source: ChangeSource): void {
  const found = includesRole(role, 'owner') ? [] : listOwnerChanges(before, after, source)
  if (found.length === 0) return
  const changes = found.map(({ what }) => what)
  const guarded = found.filter(({ reason }) => reason === 'admin_role_required').map(({ what }) => what)
  const secrets = found.flatMap(({ reason, ...each }) => (reason === 'admin_secret_needs_owner' ? [each] : []))
  throw new GatewayError(guarded.length > 0 ? 'admin_role_required' : 'admin_secret_needs_owner', {
    message:
      guarded.length > 0
        ? `Only an owner may change ${guarded.join(', ')}.`
        : `Only an owner may make this edit: ${changes.join('; ')}. Have an owner apply it, or leave the variable out and store the key in the vault.`,
    data: { role: 'owner', changes, secrets },
    detail: `the edit needs an owner: ${changes.join('; ')}`,
  })
}

/** What a route starts on this machine. */
function programOf({ handler }: RouteSpec): unknown[] {
  return handler.type.exportName === 'McpStdioHandler' ? [handler.options] : []
}
