import { GatewayError } from '../../errors/gateway-error.ts'
import { toIsoTime } from '../../lib/iso-time.ts'
import { type GrantSummary, listGrants } from '../../oauth/authorization-server/list-grants.ts'
import {
  listOperatorClients,
  registerClient,
  revokeOperatorClient,
} from '../../oauth/authorization-server/operator-clients.ts'
import { listRegisteredClients } from '../../oauth/authorization-server/pre-registered-clients.ts'
import type { AdminCall, AdminHost } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'
import { makeCursor, type Page, type PageRequest, pageByTime, readCursor } from '../page.ts'
import { recordAdminEvent } from '../record-admin-event.ts'

type ClientOperations = 'listClients' | 'createClient' | 'revokeClient' | 'listGrants' | 'revokeGrant'

export const clientAnswers: AnswersOf<ClientOperations> = {
  async listClients({ query }, { host }) {
    const { tenant, source } = query
    const all = await listAll(host, tenant)
    return pageInOrder(
      all.filter((client) => source === undefined || client.source === source),
      query,
    )
  },
  async createClient({ body }, call) {
    const { host, requestId, administrator } = call
    const { authentication, jwks, jwksUri, ...request } = body
    const withKeys = authentication === 'keys'
    if (withKeys !== (jwks !== undefined || jwksUri !== undefined))
      throw new GatewayError('admin_request_invalid', {
        message: 'body: jwks or jwksUri goes with "keys", and only with it',
      })
    const { settings, virtualServers } = host.project()
    const registered = await registerClient(
      { ...request, jwks, jwksUri, isPublic: authentication === 'none' },
      { configured: settings.clients, servers: virtualServers.map(({ name }) => name) },
      { records: host.storage.oauth, openVault: async () => host.vault },
    )
    if ('problem' in registered)
      throw new GatewayError(registered.isTaken ? 'admin_conflict' : 'admin_request_invalid', {
        message: registered.problem,
      })
    const { client, secret } = registered
    const shown = showClient({ ...client, source: 'store' })
    const { id, name: clientName, tenant } = client
    const detail = `by ${administrator.subject} in the console`
    recordAdminEvent(host, 'auth_client_registered', requestId, { tenant, clientId: id, clientName, detail })
    await call.recordChange({ target: `client ${id}`, before: null, after: shown, tenant })
    return { ...shown, secret: secret ?? null }
  },
  async revokeClient({ params: { id } }, call) {
    const { host, requestId, administrator } = call
    const found = (await listOperatorClients(host.project().settings.clients, host.storage.oauth)).find(
      (client) => client.id === id,
    )
    if (found === undefined) throw new GatewayError('admin_not_found')
    if (found.source === 'project')
      throw new GatewayError('admin_conflict', { message: `"${id}" is declared in sallyport.jsonc: remove it there.` })
    const { tenant } = found
    if (!(await revokeOperatorClient({ id, tenant }, host.storage))) throw new GatewayError('admin_not_found')
    host.forget({ kind: 'client', id })
    const detail = `by ${administrator.subject} in the console`
    recordAdminEvent(host, 'auth_client_revoked', requestId, { tenant, clientId: id, detail })
    await call.recordChange({ target: `client ${id}`, before: showClient(found), after: null, tenant })
  },
  async listGrants({ query }, { host }) {
    const { tenant, subject, client, server } = query
    const names = namesByPath(host)
    const grants = (await listGrants(host.storage.oauth, tenant)).map((grant) => showGrant(grant, names))
    const fitting = grants.filter(
      (grant) =>
        (subject === undefined || grant.subject === subject) &&
        (client === undefined || grant.clientId === client) &&
        (server === undefined || grant.virtualServers.includes(server)),
    )
    return pageByTime(fitting, query, ({ id, createdAt }) => ({
      id,
      timeMs: createdAt === null ? undefined : Date.parse(createdAt),
    }))
  },
  revokeGrant: ({ params: { id } }, call) => revokeGrant(id, call),
}

async function revokeGrant(id: string, call: AdminCall): Promise<void> {
  const { host, requestId, administrator } = call
  const grant = (await listGrants(host.storage.oauth)).find((each) => each.id === id)
  if (grant === undefined) throw new GatewayError('admin_not_found')
  const { tenant, subject, clientId } = grant
  await host.storage.oauth.destroyByGrant(id, tenant)
  host.forget({ kind: 'grant', id })
  const detail = `by ${administrator.subject} in the console`
  recordAdminEvent(host, 'auth_token_revoked', requestId, { tenant, subject, clientId, detail })
  await call.recordChange({ target: `grant ${id}`, before: showGrant(grant, namesByPath(host)), after: null, tenant })
}

type ShownClient = ReturnType<typeof showClient>

async function listAll(host: AdminHost, tenant: string | undefined): Promise<ShownClient[]> {
  const operator = await listOperatorClients(host.project().settings.clients, host.storage.oauth, tenant)
  // What registered itself belongs to no tenant.
  const registered = tenant === undefined ? await listRegisteredClients(host.storage.oauth) : []
  return [...operator, ...registered.map((client) => ({ ...client, source: 'registered' as const }))].map(showClient)
}

/** In the order of the list, which does not change: those of the project, of the store, and those that came by themselves. */
function pageInOrder(clients: readonly ShownClient[], { cursor, limit }: PageRequest): Page<ShownClient> {
  const last = cursor === undefined ? undefined : readCursor(cursor)
  const start = last === undefined ? 0 : clients.findIndex(({ id }) => id === last) + 1
  const items = clients.slice(start, start + limit)
  const next = start + limit < clients.length ? items.at(-1) : undefined
  return { items, nextCursor: next ? makeCursor(next.id) : null }
}

interface ClientFields {
  readonly id: string
  readonly name: string
  readonly tenant: string
  readonly authentication: string
  readonly redirectUris: readonly string[]
  readonly servers: readonly string[]
  readonly scopes: readonly string[]
  readonly source: 'project' | 'store' | 'registered'
}

function showClient({ id, name, tenant, authentication, redirectUris, servers, scopes, source }: ClientFields) {
  const lists = { redirectUris: [...redirectUris], servers: [...servers], scopes: [...scopes] }
  return { id, name, tenant, authentication, source, ...lists }
}

/** Names of virtual servers by path: in `dev` the origin of a resource depends on the port. */
function namesByPath(host: AdminHost): ReadonlyMap<string, string> {
  return new Map(host.project().virtualServers.map(({ path, name }) => [path, name]))
}

function showGrant(grant: GrantSummary, names: ReadonlyMap<string, string>) {
  const { id, tenant, subject, clientId, clientName, resources, createdAtMs, expiresAtMs } = grant
  const servers = Object.keys(resources).flatMap((resource) => names.get(URL.parse(resource)?.pathname ?? '') ?? [])
  return {
    id,
    tenant,
    subject,
    clientId,
    clientName: clientName ?? null,
    resources: { ...resources },
    virtualServers: servers,
    createdAt: toIsoTime(createdAtMs),
    expiresAt: toIsoTime(expiresAtMs),
  }
}
