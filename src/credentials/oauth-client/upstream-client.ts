import type { Clock } from '../../contracts/clock.ts'
import type { UpstreamClientRecord, UpstreamClients } from '../../contracts/storage.ts'
import type { ClientAuthentication, ManualClient, UpstreamSettings } from '../../contracts/upstream.ts'
import type { Vault } from '../../contracts/vault.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { Secret } from '../../lib/secret.ts'
import { upstreamClientContext } from '../sealed-connections.ts'
import { chooseAuthMethod } from './authenticate-client.ts'
import { type ClientIdentity, clientDocumentUrl, hasClientDocument } from './client-document.ts'
import type { DiscoveredUpstream } from './discover-upstream.ts'
import { mostRegistrations, pinManualClient } from './pin-manual-client.ts'
import { type Registration, registerClient } from './register-client.ts'
import type { OpenDoor } from './upstream-door.ts'

/** A client that people sign in with, and proves itself with a secret or not at all. */
export type UpstreamClient = Exclude<ClientAuthentication, { method: 'private_key_jwt' }>

/** Which client a token belongs to. */
export interface ClientReference {
  readonly tenant: string
  readonly upstream: UpstreamSettings
  readonly issuer: string
  readonly clientId: string
  /** How it authenticated when the token was issued. */
  readonly authMethod: UpstreamClient['method'] | undefined
}

/** The gateway as a client of authorization servers. */
export interface UpstreamClientStore {
  /**
   * The client to sign in with: the operator's, else the client metadata document, else the registration, which is made if there is none
   * that holds. Rejects with `credential_registration_refused` or what asking for one led to.
   */
  obtain(
    tenant: string,
    upstream: UpstreamSettings,
    found: DiscoveredUpstream,
    redirectUri: string,
  ): Promise<UpstreamClient>
  /** The client that a token was issued to; undefined when it is not ours any more. Asks nobody. */
  find(reference: ClientReference): Promise<UpstreamClient | undefined>
  /** The server does not know a client any more. True when it was a registration, which is made anew at the next connect. */
  reject(reference: ClientReference): Promise<boolean>
}

/** What the clients need. */
export interface UpstreamClientOptions {
  readonly identity: ClientIdentity
  readonly clients: UpstreamClients
  readonly vault: Vault
  readonly openDoor: OpenDoor
  readonly clock: Clock
}

/** A registration whose secret ends within this time is not used for something new. */
const marginMs = 60_000

/** Clients by tenant, issuer and callback URL: what one server gave is never shown to another (CL-13). */
export function createUpstreamClientStore(options: UpstreamClientOptions): UpstreamClientStore {
  const { identity, clients, vault, clock } = options
  const running = new Map<string, Promise<UpstreamClient>>()
  const open = (record: UpstreamClientRecord): UpstreamClient => {
    // Nobody but this gateway can have sealed it.
    const registration = JSON.parse(vault.open(record.sealed, upstreamClientContext(record))) as Registration
    return clientOf(registration)
  }
  const findRegistration = async ({ tenant, issuer, clientId }: ClientReference) => {
    const usual = await clients.find(tenant, issuer, identity.redirectUri)
    if (usual?.clientId === clientId) return usual
    const all = await clients.list({ tenant, limit: mostRegistrations })
    return all.find((record) => record.issuer === issuer && record.clientId === clientId)
  }
  return {
    async obtain(tenant, upstream, found, redirectUri) {
      await pinManualClient(options, tenant, upstream, found.issuer)
      const own = findOwnClient(identity, upstream, found, redirectUri)
      if (own !== undefined) return own
      const key = JSON.stringify([tenant, found.issuer, redirectUri])
      const result =
        running.get(key) ??
        obtainRegistration(options, { tenant, issuer: found.issuer, redirectUri }, upstream, found)
          .then(open)
          .finally(() => running.delete(key))
      running.set(key, result)
      return result
    },
    async find(reference) {
      const { upstream, clientId, authMethod } = reference
      const manual = upstream.oauth?.client
      if (manual !== undefined) return manual.clientId === clientId ? manualClient(manual, authMethod) : undefined
      if (clientId === clientDocumentUrl(identity, upstream)) return { method: 'none', clientId }
      const record = await findRegistration(reference)
      return record && open(record)
    },
    async reject(reference) {
      if (reference.upstream.oauth?.client !== undefined) return false
      const record = await findRegistration(reference)
      if (record === undefined) return false
      await clients.replace(record.clientId, { ...record, expiresAtMs: clock() })
      return true
    },
  }
}

/** A client that needs no registration: the operator's, or the document that the server would fetch. */
function findOwnClient(
  identity: ClientIdentity,
  upstream: UpstreamSettings,
  { server }: DiscoveredUpstream,
  redirectUri: string,
): UpstreamClient | undefined {
  const manual = upstream.oauth?.client
  if (manual !== undefined) {
    return manualClient(manual, chooseAuthMethod(server.tokenEndpointAuthMethods, manual.clientSecret !== undefined))
  }
  // The document names the gateway's own callback and no other.
  const isCovered = redirectUri === identity.redirectUri && upstream.oauth?.registersAlways !== true
  if (!server.acceptsClientDocuments || !isCovered || !hasClientDocument(identity)) return undefined
  return { method: 'none', clientId: clientDocumentUrl(identity, upstream) }
}

function manualClient(
  { clientId, clientSecret, tokenEndpointAuthMethod }: ManualClient,
  otherwise: UpstreamClient['method'] = 'client_secret_basic',
): UpstreamClient {
  const method = tokenEndpointAuthMethod ?? otherwise
  return clientSecret === undefined || method === 'none'
    ? { method: 'none', clientId }
    : { method, clientId, clientSecret }
}

function clientOf({ clientId, clientSecret, method }: Registration): UpstreamClient {
  if (method === 'none' || clientSecret === undefined) return { method: 'none', clientId }
  return { method, clientId, clientSecret: new Secret(clientSecret) }
}

/** The stored registration, or a new one in its place when it does not hold any more. Of two processes at once the first to store wins. */
async function obtainRegistration(
  { identity, clients, vault, openDoor, clock }: UpstreamClientOptions,
  place: Pick<UpstreamClientRecord, 'tenant' | 'issuer' | 'redirectUri'>,
  upstream: UpstreamSettings,
  { server }: DiscoveredUpstream,
): Promise<UpstreamClientRecord> {
  const known = await clients.find(place.tenant, place.issuer, place.redirectUri)
  if (known !== undefined && (known.expiresAtMs === undefined || known.expiresAtMs - marginMs > clock())) return known
  const endpoint = server.registrationEndpoint
  if (endpoint === undefined) {
    const detail = `${place.issuer} offers no registration that this gateway can use, and no client is configured`
    throw new GatewayError('credential_registration_refused', { detail })
  }
  const nowMs = clock()
  const registration = await registerClient(openDoor(upstream), endpoint, server, identity, place.redirectUri, nowMs)
  const record: UpstreamClientRecord = {
    ...place,
    clientId: registration.clientId,
    sealed: vault.seal(JSON.stringify(registration), upstreamClientContext(place)),
    expiresAtMs: registration.expiresAtMs,
    createdAtMs: nowMs,
  }
  return known === undefined ? clients.putIfAbsent(record) : clients.replace(known.clientId, record)
}
