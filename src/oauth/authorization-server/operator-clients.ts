import { preRegisteredClient } from '../../config/project-schema.ts'
import type { PreRegisteredClient } from '../../contracts/oauth-client.ts'
import type { OAuthRecords, Storage } from '../../contracts/storage.ts'
import type { Vault } from '../../contracts/vault.ts'
import { sha256 } from '../../lib/hash.ts'
import { randomId, randomToken } from '../../lib/random-id.ts'
import { listGrants } from './list-grants.ts'
import {
  describeClient,
  listStoredClients,
  removeClient,
  type StoredClient,
  storeClient,
  toClientMetadata,
} from './pre-registered-clients.ts'
import { checkRedirectUri } from './redirect-uris.ts'

/** A client as an operator asks for it; what is wrong with it is found here. */
export interface ClientRequest {
  readonly id?: string | undefined
  readonly name: string
  readonly tenant: string
  readonly servers: readonly string[]
  readonly scopes: readonly string[]
  readonly redirectUris: readonly string[]
  readonly jwks?: unknown
  readonly jwksUri?: string | undefined
  /** It has neither secret nor keys. */
  readonly isPublic?: boolean | undefined
}

/** Why a client is not registered: a sentence for whoever asked. */
export interface ClientProblem {
  readonly problem: string
  readonly isTaken?: true
}

/** What a project says about clients. */
interface ClientRules {
  readonly configured: readonly Pick<PreRegisteredClient, 'id'>[]
  /** Names of the virtual servers; undefined: not known, so not checked. */
  readonly servers: readonly string[] | undefined
}

/** Registers a client. Its secret, if it has one, is known only to the caller, who shows it once. */
export async function registerClient(
  request: ClientRequest,
  { configured, servers: known }: ClientRules,
  store: { readonly records: OAuthRecords; readonly openVault: () => Promise<Vault> },
): Promise<{ readonly client: StoredClient; readonly secret: string | undefined } | ClientProblem> {
  const { isPublic, ...fields } = request
  if (fields.servers.length === 0 && fields.redirectUris.length === 0)
    return { problem: 'it needs servers to call on its own behalf, or redirect URIs for people to sign in through it.' }
  const hasKeys = fields.jwks !== undefined || fields.jwksUri !== undefined
  const secret = hasKeys || isPublic ? undefined : `sp_cs_${randomToken()}`
  const id = fields.id ?? `client_${randomId().slice(0, 16)}`
  const client = checkClient({ ...fields, id, secret })
  if ('problem' in client) return client
  // A name that no virtual server has is most likely mistyped.
  const unknown = known && client.servers.find((server) => server !== '*' && !known.includes(server))
  if (unknown !== undefined)
    return { problem: `the project has no virtual server "${unknown}". There are: ${known?.join(', ')}.` }
  if (configured.some((each) => each.id === id) || (await store.records.find('Client', sha256(id))))
    return { problem: `there is a client "${id}" already.`, isTaken: true }
  await storeClient(client, store.records, await store.openVault())
  return { client: describeClient(toClientMetadata(client)), secret }
}

function checkClient(input: object): PreRegisteredClient | ClientProblem {
  const checked = preRegisteredClient.safeParse(input)
  if (!checked.success) {
    const [issue] = checked.error.issues
    return { problem: `${issue?.path.join('.') || 'a client'}: ${issue?.message ?? 'is not valid'}.` }
  }
  for (const uri of checked.data.redirectUris) {
    const problem = checkRedirectUri(uri)
    if (problem !== undefined) return { problem: `the redirect URI ${uri} ${problem}.` }
  }
  return checked.data
}

/** Pre-registered clients of both sources: those of the project, then those in the store, newest first. */
export async function listOperatorClients(
  configured: readonly PreRegisteredClient[],
  records: OAuthRecords,
  tenant?: string,
): Promise<readonly (StoredClient & { readonly source: 'project' | 'store' })[]> {
  const ofProject = configured.map((client) => describeClient(toClientMetadata(client)))
  const stored = await listStoredClients(records, tenant)
  return [
    ...ofProject
      .filter((client) => tenant === undefined || client.tenant === tenant)
      .map((client) => ({ ...client, source: 'project' as const })),
    ...stored.map((client) => ({ ...client, source: 'store' as const })),
  ]
}

/** Removes a stored client with its grants and tokens, and tells running gateways. False when its tenant has none of this id. */
export async function revokeOperatorClient(
  client: { readonly id: string; readonly tenant: string },
  storage: Pick<Storage, 'oauth' | 'revocations'>,
): Promise<boolean> {
  const grants = (await listGrants(storage.oauth, client.tenant)).filter(({ clientId }) => clientId === client.id)
  return removeClient(
    client,
    grants.map(({ id }) => id),
    storage,
  )
}
