import { type GrantSummary, listGrants } from '../oauth/authorization-server/list-grants.ts'
import { formatTime, printAnswer } from './command-group.ts'
import { compileDirectory } from './compile-directory.ts'
import { UsageError } from './describe-error.ts'
import { formatTable } from './format-table.ts'
import { withStore } from './open-store.ts'

interface GrantOptions {
  readonly tenant?: string
  readonly id?: string
  readonly subject?: string
  readonly client?: string
  readonly server?: string
  readonly json?: boolean
}

/** Lists the grants that fit every filter. */
export async function showGrants(directory: string, options: GrantOptions): Promise<void> {
  const grants = await withStore(directory, async ({ storage }) =>
    select(await listGrants(storage.oauth, options.tenant), directory, options),
  )
  printAnswer(options.json, grants.map(describeGrant), grants.length === 0 ? 'no grants' : formatGrants(grants))
}

/** Revokes the grants that fit every filter. */
export async function revokeGrants(directory: string, options: GrantOptions & { all?: boolean }): Promise<void> {
  const { tenant, id, subject, client, server, all } = options
  if (!all && [tenant, id, subject, client, server].every((filter) => filter === undefined)) {
    throw new UsageError('say which grants: --tenant, --subject, --client, --server or --id; or --all for every one.')
  }
  const revoked = await withStore(directory, async ({ storage, record }) => {
    const grants = await select(await listGrants(storage.oauth, tenant), directory, options)
    for (const grant of grants) await storage.oauth.destroyByGrant(grant.id, grant.tenant)
    await record(
      grants.map(({ tenant, subject, clientId }) => ({ type: 'auth_token_revoked', tenant, subject, clientId })),
    )
    return grants
  })
  const count = revoked.length === 1 ? '1 grant' : `${revoked.length} grants`
  const list = revoked.length === 0 ? '' : `:\n${formatGrants(revoked)}`
  printAnswer(options.json, revoked.map(describeGrant), `revoked ${count}${list}`)
}

async function select(
  grants: readonly GrantSummary[],
  directory: string,
  { id, subject, client, server }: GrantOptions,
): Promise<readonly GrantSummary[]> {
  const isOfServer = server === undefined ? undefined : await createServerFilter(server, directory)
  return grants.filter(
    (grant) =>
      (id === undefined || grant.id === id) &&
      (subject === undefined || grant.subject === subject) &&
      (client === undefined || grant.clientId === client || grant.clientName === client) &&
      (isOfServer === undefined || Object.keys(grant.resources).some(isOfServer)),
  )
}

/** Grants name resource URLs; people name virtual servers. In `dev` the origin depends on the port, so only paths are compared. */
async function createServerFilter(server: string, directory: string): Promise<(resource: string) => boolean> {
  if (URL.canParse(server)) return (resource) => resource === server
  if (server.startsWith('/')) return (resource) => URL.parse(resource)?.pathname === server
  const result = await compileDirectory(directory, 'dev')
  const servers = 'project' in result ? result.project.virtualServers : []
  const found = servers.find(({ name }) => name === server)
  if (found === undefined)
    throw new UsageError(`the project has no virtual server "${server}"; write its path instead.`)
  return (resource) => URL.parse(resource)?.pathname === found.path
}

function describeGrant({ createdAtMs, expiresAtMs, ...grant }: GrantSummary) {
  const toIso = (time: number | undefined) => (time === undefined ? null : new Date(time).toISOString())
  return { ...grant, createdAt: toIso(createdAtMs), expiresAt: toIso(expiresAtMs) }
}

function formatGrants(grants: readonly GrantSummary[]): string {
  return formatTable(
    ['ID', 'TENANT', 'SUBJECT', 'CLIENT', 'SERVERS', 'GIVEN'],
    grants.map(({ id, tenant, subject, clientId, clientName, resources, createdAtMs }) => [
      id,
      tenant,
      subject,
      clientName ?? clientId,
      Object.keys(resources)
        .map((resource) => URL.parse(resource)?.pathname ?? resource)
        .join(', '),
      formatTime(createdAtMs),
    ]),
  )
}
