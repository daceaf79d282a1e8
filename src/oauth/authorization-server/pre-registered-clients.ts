import type { AdapterPayload } from 'oidc-provider'
import type { PreRegisteredClient } from '../../contracts/oauth-client.ts'
import type { OAuthRecord, OAuthRecords } from '../../contracts/storage.ts'
import type { Vault } from '../../contracts/vault.ts'
import type { VirtualServer } from '../../contracts/virtual-server.ts'
import { sha256 } from '../../lib/hash.ts'
import { isJsonObject, type JsonObject, stringMember } from '../../lib/json.ts'
import { defaultTenant } from '../../lib/tenant.ts'
import { jwtBearerGrant } from './identity-assertion-grant.ts'
import { sealClientSecret } from './record-payload.ts'
import { tenantOfClient } from './tenant-models.ts'

/** Members of client metadata that only the operator sets: no registration and no metadata document can carry them. */
export const operatorMembers = ['sallyport_servers', 'sallyport_scopes', 'sallyport_tenant'] as const

/** Stored in the `uid` of the record, which clients that registered themselves do not have. */
const marker = 'pre-registered'
/** The same for those that call on their own behalf: whether there is one is asked with every metadata document, by anybody. */
const callingMarker = 'pre-registered calling'

function isMarked(uid: string | undefined): boolean {
  return uid === marker || uid === callingMarker
}

/** Client metadata (RFC 7591 §2) of a pre-registered client. */
export function toClientMetadata(client: PreRegisteredClient): AdapterPayload {
  const { secret, jwks, jwksUri, redirectUris, servers } = client
  const signsIn = redirectUris.length > 0
  return {
    client_id: client.id,
    client_name: client.name,
    application_type: 'native',
    redirect_uris: [...redirectUris],
    response_types: signsIn ? ['code'] : [],
    grant_types: [
      ...(signsIn ? ['authorization_code', 'refresh_token'] : []),
      ...(servers.length > 0 ? ['client_credentials'] : []),
      ...(secret || jwks || jwksUri ? [jwtBearerGrant] : []),
    ],
    token_endpoint_auth_method: secret ? 'client_secret_basic' : jwks || jwksUri ? 'private_key_jwt' : 'none',
    ...(secret && { client_secret: secret.reveal() }),
    ...(jwks && { jwks: { keys: jwks.keys } }),
    ...(jwksUri !== undefined && { jwks_uri: jwksUri }),
    sallyport_servers: [...servers],
    sallyport_scopes: [...client.scopes],
    sallyport_tenant: client.tenant,
  }
}

/** Stores a client; it never expires. */
export async function storeClient(client: PreRegisteredClient, records: OAuthRecords, vault: Vault): Promise<void> {
  const idHash = sha256(client.id)
  await records.upsert({
    model: 'Client',
    tenant: client.tenant,
    idHash,
    grantId: undefined,
    uid: client.servers.length > 0 ? callingMarker : marker,
    payload: JSON.stringify(sealClientSecret(toClientMetadata(client), idHash, vault)),
    expiresAtMs: undefined,
    consumedAtMs: undefined,
  })
}

/** A pre-registered client for administration. Never its secret. */
export interface StoredClient {
  readonly id: string
  readonly name: string
  readonly tenant: string
  readonly authentication: string
  readonly redirectUris: readonly string[]
  readonly servers: readonly string[]
  readonly scopes: readonly string[]
}

const mostClients = 1_000_000

/**
 * The clients that were stored by `storeClient`, newest first; of one tenant or of all. What the client says of its tenant counts, as at
 * every use: records older than their column have the default one there.
 */
export async function listStoredClients(records: OAuthRecords, tenant?: string): Promise<readonly StoredClient[]> {
  const all = await records.list('Client', mostClients)
  return all
    .filter(({ uid }) => isMarked(uid))
    .map(({ payload }) => describeClient(JSON.parse(payload) as JsonObject))
    .filter((client) => tenant === undefined || client.tenant === tenant)
}

/** The clients that registered themselves, newest first: dynamically, or by a document whose last good copy is kept. */
export async function listRegisteredClients(records: OAuthRecords): Promise<readonly StoredClient[]> {
  const registered = (await records.list('Client', mostClients)).filter(({ uid }) => !isMarked(uid))
  const documents = await records.list('ClientMetadataDocument', mostClients)
  return [...registered, ...documents].map(({ payload }) => describeClient(JSON.parse(payload) as JsonObject))
}

/** What administration may know of a client. */
export function describeClient(metadata: JsonObject): StoredClient {
  return {
    id: stringMember(metadata, 'client_id') ?? '',
    name: stringMember(metadata, 'client_name') ?? '',
    tenant: tenantOfClient(metadata) ?? defaultTenant,
    authentication: stringMember(metadata, 'token_endpoint_auth_method') ?? '',
    redirectUris: textsIn(metadata['redirect_uris']),
    servers: textsIn(metadata['sallyport_servers']),
    scopes: textsIn(metadata['sallyport_scopes']),
  }
}

/** The pre-registered clients of a gateway: those of the project that runs now, then those in the store. */
export interface PreRegisteredClients {
  /** Metadata of a client in the project. */
  readonly findConfigured: (id: string) => AdapterPayload | undefined
  /** The tenant of a pre-registered client; undefined when there is none of this id, or it may not call these servers (any more). */
  readonly findTenant: (id: string, servers: readonly string[]) => Promise<string | undefined>
  /** True when any of them may ask for tokens on its own behalf. */
  readonly offerClientCredentials: () => Promise<boolean>
}

/** Looks pre-registered clients up at every call, so that a reload takes effect. */
export function createPreRegisteredClients(
  configured: () => readonly PreRegisteredClient[],
  records: OAuthRecords,
): PreRegisteredClients {
  const find = (id: string) => configured().find((client) => client.id === id)
  return {
    findConfigured(id) {
      const client = find(id)
      return client && toClientMetadata(client)
    },
    async findTenant(id, servers) {
      const client = find(id)
      const metadata = client ? toClientMetadata(client) : readMetadata(await records.find('Client', sha256(id)))
      if (metadata === undefined || !servers.every((server) => mayCall(metadata, server))) return undefined
      return describeClient(metadata).tenant
    },
    async offerClientCredentials() {
      if (configured().some(({ servers }) => servers.length > 0)) return true
      return (await records.findByUid('Client', callingMarker)) !== undefined
    },
  }
}

function readMetadata(record: OAuthRecord | undefined): JsonObject | undefined {
  if (record === undefined || !isMarked(record.uid)) return undefined
  const payload: unknown = JSON.parse(record.payload)
  return isJsonObject(payload) ? payload : undefined
}

/** True when a client may call this virtual server on its own behalf. */
export function mayCall(metadata: JsonObject, server: string): boolean {
  const servers = textsIn(metadata['sallyport_servers'])
  return servers.includes('*') || servers.includes(server)
}

/** Scopes that a client may ask for on its own behalf where nobody is asked: the base of the virtual server, and what the operator named. */
export function scopesOnOwnBehalf(metadata: JsonObject, { scopes, baseScopes }: VirtualServer): readonly string[] {
  const named = textsIn(metadata['sallyport_scopes'])
  return scopes.filter((scope) => baseScopes.includes(scope) || named.includes(scope))
}

const mostTokens = 1_000_000

/**
 * Removes a stored client with its grants and tokens, and tells running gateways. False when its tenant has none of this id. A new client of the
 * same id, made because the secret of the first leaked, must not bring the tokens of the first back to life.
 */
export async function removeClient(
  { id, tenant }: { readonly id: string; readonly tenant: string },
  grantIds: readonly string[],
  storage: {
    readonly oauth: OAuthRecords
    readonly revocations: { add(list: readonly { kind: 'client'; id: string }[]): Promise<void> }
  },
): Promise<boolean> {
  const idHash = sha256(id)
  const metadata = readMetadata(await storage.oauth.find('Client', idHash))
  if (metadata === undefined || describeClient(metadata).tenant !== tenant) return false
  await storage.oauth.destroy('Client', idHash)
  for (const grantId of grantIds) await storage.oauth.destroyByGrant(grantId, tenant)
  for (const { model, idHash, payload } of await storage.oauth.list('ClientCredentials', mostTokens)) {
    const token: unknown = JSON.parse(payload)
    if (isJsonObject(token) && token['clientId'] === id) await storage.oauth.destroy(model, idHash)
  }
  await storage.revocations.add([{ kind: 'client', id }])
  return true
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
