import { readFile } from 'node:fs/promises'
import {
  listOperatorClients,
  registerClient,
  revokeOperatorClient,
} from '../oauth/authorization-server/operator-clients.ts'
import type { StoredClient } from '../oauth/authorization-server/pre-registered-clients.ts'
import { printAnswer } from './command-group.ts'
import { compileDirectory } from './compile-directory.ts'
import { UsageError } from './describe-error.ts'
import { formatTable } from './format-table.ts'
import { withStore } from './open-store.ts'

interface CreateClientOptions {
  readonly server?: readonly string[]
  readonly scope?: readonly string[]
  readonly redirectUri?: readonly string[]
  readonly jwksFile?: string
  readonly jwksUri?: string
  readonly id?: string
  readonly tenant: string
  readonly json?: boolean
}

/** Registers a client and prints its secret, the only time that anybody sees it. */
export async function createClient(name: string, directory: string, options: CreateClientOptions): Promise<void> {
  const {
    server: servers = [],
    scope: scopes = [],
    redirectUri: redirectUris = [],
    jwksFile,
    jwksUri,
    tenant,
  } = options
  const jwks = jwksFile === undefined ? undefined : await readKeys(jwksFile)
  const result = await compileDirectory(directory, 'dev')
  const known = 'project' in result ? result.project.virtualServers.map((server) => server.name) : undefined
  const { client, secret } = await withStore(directory, async ({ storage, settings, openVault, record }) => {
    const request = { id: options.id, name, tenant, jwks, jwksUri, servers, scopes, redirectUris }
    const store = { records: storage.oauth, openVault: async () => (await openVault()).vault }
    const registered = await registerClient(request, { configured: settings.clients, servers: known }, store)
    if ('problem' in registered) throw new UsageError(`${registered.problem} See: sallyport clients create --help`)
    const { id } = registered.client
    await record([{ type: 'auth_client_registered', tenant, clientId: id, clientName: name }])
    return registered
  })
  const { id } = client
  const note = secret === undefined ? '' : '\nThe secret is stored sealed: this is the one time it is shown.\n'
  const lines = [`client_id: ${id}`, ...(secret === undefined ? [] : [`client_secret: ${secret}`])]
  printAnswer(
    options.json,
    { id, secret: secret ?? null, name, tenant, servers, scopes, redirectUris },
    lines.join('\n'),
  )
  if (!options.json) process.stderr.write(note)
}

async function readKeys(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new UsageError(`${path} is not a JSON Web Key Set.`, { cause })
  }
}

const sources = { project: 'sallyport.jsonc', store: 'command line or console' } as const

/** Lists pre-registered clients of both sources. */
export async function listClients(directory: string, options: { tenant?: string; json?: boolean }): Promise<void> {
  const listed = await withStore(directory, ({ storage, settings }) =>
    listOperatorClients(settings.clients, storage.oauth, options.tenant),
  )
  const clients = listed.map((client) => ({ ...client, source: sources[client.source] }))
  printAnswer(options.json, clients, clients.length === 0 ? 'no pre-registered clients' : formatClients(clients))
}

/** Removes a client that is not declared in the project, with its grants. */
export async function revokeClient(
  id: string,
  directory: string,
  options: { tenant: string; json?: boolean },
): Promise<void> {
  const { tenant } = options
  await withStore(directory, async ({ storage, settings, record }) => {
    if (settings.clients.some((client) => client.id === id)) {
      throw new UsageError(`"${id}" is declared in sallyport.jsonc: remove it there.`)
    }
    if (!(await revokeOperatorClient({ id, tenant }, storage)))
      throw new UsageError(`there is no client "${id}" in tenant ${tenant}. See: sallyport clients list`)
    await record([{ type: 'auth_client_revoked', tenant, clientId: id }])
  })
  printAnswer(options.json, { id, revoked: true }, `revoked ${id}`)
}

function formatClients(clients: readonly (StoredClient & { readonly source: string })[]): string {
  return formatTable(
    ['ID', 'NAME', 'TENANT', 'AUTHENTICATION', 'CALLS ITSELF', 'REDIRECT URIS', 'SOURCE'],
    clients.map(({ id, name, tenant, authentication, servers, redirectUris, source }) => [
      id,
      name,
      tenant,
      authentication,
      servers.join(', ') || '–',
      redirectUris.join(', ') || '–',
      source,
    ]),
  )
}
