import { readFile } from 'node:fs/promises'
import { type PreRegisteredClientSettings, preRegisteredClient } from '../config/project-schema.ts'
import { sha256 } from '../lib/hash.ts'
import { randomId, randomToken } from '../lib/random-id.ts'
import { listGrants } from '../oauth/authorization-server/list-grants.ts'
import {
  describeClient,
  listStoredClients,
  removeClient,
  type StoredClient,
  storeClient,
  toClientMetadata,
} from '../oauth/authorization-server/pre-registered-clients.ts'
import { checkRedirectUri } from '../oauth/authorization-server/redirect-uris.ts'
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
  if (servers.length === 0 && redirectUris.length === 0) {
    throw new UsageError(
      'say what it is for: --server <name> to call on its own behalf, --redirect-uri <uri> for people to sign in through it.',
    )
  }
  const secret = jwksFile === undefined && jwksUri === undefined ? `sp_cs_${randomToken()}` : undefined
  const jwks = jwksFile === undefined ? undefined : await readKeys(jwksFile)
  const id = options.id ?? `client_${randomId().slice(0, 16)}`
  const client = checkClient({ id, name, tenant, secret, jwks, jwksUri, servers, scopes, redirectUris })
  await checkServers(servers, directory)
  await withStore(directory, async ({ storage, settings, openVault, record }) => {
    const taken = settings.clients.some((each) => each.id === id) || (await storage.oauth.find('Client', sha256(id)))
    if (taken) throw new UsageError(`there is a client "${id}" already.`)
    const { vault } = await openVault()
    await storeClient(client, storage.oauth, vault)
    await record([{ type: 'auth_client_registered', tenant, clientId: id, clientName: name }])
  })
  const note = secret === undefined ? '' : '\nThe secret is stored sealed: this is the one time it is shown.\n'
  const lines = [`client_id: ${id}`, ...(secret === undefined ? [] : [`client_secret: ${secret}`])]
  printAnswer(
    options.json,
    { id, secret: secret ?? null, name, tenant, servers, scopes, redirectUris },
    lines.join('\n'),
  )
  if (!options.json) process.stderr.write(note)
}

function checkClient(input: object): PreRegisteredClientSettings {
  const checked = preRegisteredClient.safeParse(input)
  if (checked.success) {
    for (const uri of checked.data.redirectUris) {
      const problem = checkRedirectUri(uri)
      if (problem !== undefined) throw new UsageError(`--redirect-uri ${uri} ${problem}.`)
    }
    return checked.data
  }
  const [issue] = checked.error.issues
  throw new UsageError(`${issue?.path.join('.') || 'a client'}: ${issue?.message ?? 'is not valid'}.`)
}

async function readKeys(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new UsageError(`${path} is not a JSON Web Key Set.`, { cause })
  }
}

/** A name that no virtual server has is most likely mistyped. */
async function checkServers(servers: readonly string[], directory: string): Promise<void> {
  const result = await compileDirectory(directory, 'dev')
  if ('problems' in result) return
  const names = result.project.virtualServers.map(({ name }) => name)
  const unknown = servers.find((server) => server !== '*' && !names.includes(server))
  if (unknown === undefined) return
  throw new UsageError(`the project has no virtual server "${unknown}". There are: ${names.join(', ')}.`)
}

/** Lists pre-registered clients of both sources. */
export async function listClients(directory: string, options: { tenant?: string; json?: boolean }): Promise<void> {
  const isListed = ({ tenant }: { tenant: string }) => options.tenant === undefined || tenant === options.tenant
  const clients = await withStore(directory, async ({ storage, settings }) => [
    ...settings.clients
      .filter(isListed)
      .map((client) => ({ ...describeClient(toClientMetadata(client)), source: 'sallyport.jsonc' })),
    ...(await listStoredClients(storage.oauth, options.tenant)).map((client) => ({
      ...client,
      source: 'command line',
    })),
  ])
  printAnswer(options.json, clients, clients.length === 0 ? 'no pre-registered clients' : formatClients(clients))
}

/** Removes a client made on the command line, with its grants. */
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
    const grants = (await listGrants(storage.oauth, tenant)).filter(({ clientId }) => clientId === id)
    const ids = grants.map((grant) => grant.id)
    if (!(await removeClient({ id, tenant }, ids, storage)))
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
