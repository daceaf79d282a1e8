import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { ConnectionChange, ConnectionKey, ConnectionRecord, Connections } from '../contracts/storage.ts'
import type { SealContext, Vault } from '../contracts/vault.ts'
import type { ReasonCode } from '../errors/reasons.ts'
import { randomId } from '../lib/random-id.ts'
import { createUseLog } from '../storage/use-log.ts'
import { RememberedConnections } from './remembered-connections.ts'

/**
 * Tokens of an upstream. What the record says in the clear is for lists; what is decided with is here, where nobody can change it without
 * the vault's key.
 */
export interface OAuthCredential {
  readonly kind: 'oauth'
  readonly accessToken: string
  readonly refreshToken: string | undefined
  /** Milliseconds since the epoch; undefined: unknown, so it is refreshed only after the upstream refused it. */
  readonly expiresAtMs: number | undefined
  readonly obtainedAtMs: number
  /** What was asked for, or granted where the server said so. */
  readonly scopes: readonly string[]
  readonly issuer: string
  /** The `resource` that was asked for (RFC 8707), verbatim; undefined: none. */
  readonly resource: string | undefined
  readonly tokenEndpoint: string
  readonly clientId: string
  /** How the client authenticated; absent: as the settings say. */
  readonly clientAuthMethod?: 'client_secret_basic' | 'client_secret_post' | 'none' | undefined
  /** URL of the upstream's MCP endpoint that it was made for. It is sent to no other origin. */
  readonly url: string
}

/** A key that somebody pasted. */
export interface ApiKeyCredential {
  readonly kind: 'api-key'
  readonly key: string
  /** URL of the upstream's MCP endpoint that it was stored for. It is sent to no other origin. */
  readonly url: string
}

export type StoredCredential = OAuthCredential | ApiKeyCredential

/** A connection whose secret is open. */
export interface Connection<Credential extends StoredCredential = StoredCredential> {
  readonly record: ConnectionRecord
  readonly credential: Credential
}

export function isOAuth(connection: Connection): connection is Connection<OAuthCredential> {
  return connection.credential.kind === 'oauth'
}

/** Owner of the connection that serves everybody. */
export const sharedOwner = 'shared'

/** Owner of what belongs to one subject. */
export function ownerOf(subjectId: string): string {
  return `subject:${subjectId}`
}

/** Links to upstreams, with their secrets, and with what was used lately in memory. */
export interface ConnectionStore {
  /** The connection if it is in memory: removals in other processes are seen within a second, tokens refreshed by others are not. */
  known(key: ConnectionKey): Connection | undefined
  /**
   * The connection as it is stored now. Rejects with a `VaultError` when its secret does not open: moved, changed, or sealed under a key
   * that is missing.
   */
  find(key: ConnectionKey): Promise<Connection | undefined>
  /** Records only: nothing is opened. Newest first. */
  list: Connections['list']
  /** Stores a new connection in the place of an earlier one, which every gateway forgets. `connectedBy` is a subject. */
  put(key: ConnectionKey, credential: StoredCredential, connectedBy: string): Promise<Connection>
  /** Stores another credential in the same connection; undefined when the connection is not as the caller saw it any more. */
  update(connection: Connection, credential: StoredCredential): Promise<Connection | undefined>
  /** Notes that the connection needs consent again, and why; undefined as with `update`. */
  requireConsent(connection: Connection, reason: ReasonCode): Promise<Connection | undefined>
  /** Removes a connection, which every gateway forgets. False when there was none. */
  remove(key: ConnectionKey): Promise<boolean>
  lease: Connections['lease']
  release: Connections['release']
  /** The connection with this id was used now. Written once a minute, off the request path. */
  noteUse(id: string): void
  /** The connection with this id was removed or replaced by another process. */
  forget(id: string): void
  forgetAll(): void
  /** Writes the times of use that are still waiting. */
  close(): Promise<void>
}

/** What the connections need. */
export interface ConnectionStoreOptions {
  readonly connections: Connections
  readonly vault: Vault
  readonly clock: Clock
  readonly log: Logger
  /** The connection with this id was removed or replaced by this process. */
  readonly onEnded?: ((id: string) => void) | undefined
}

/** Opens and seals the secrets of connections on their way to and from the store. */
export function createConnectionStore({
  connections,
  vault,
  clock,
  log,
  onEnded,
}: ConnectionStoreOptions): ConnectionStore {
  const memory = new RememberedConnections<Connection>()
  const uses = createUseLog({ write: (list) => connections.markUsed(list), what: 'connections', log })

  async function find(key: ConnectionKey): Promise<Connection | undefined> {
    const before = memory.ended
    const record = await connections.find(key)
    // One ended meanwhile, perhaps this: look again.
    if (before !== memory.ended) return find(key)
    if (record === undefined) {
      memory.delete(key)
      return undefined
    }
    // Nobody but this gateway can have sealed it.
    const credential = JSON.parse(vault.open(record.sealed, contextOf(record))) as StoredCredential
    const connection = { record, credential }
    memory.put(connection)
    return connection
  }

  function describe(place: ConnectionPlace, credential: StoredCredential) {
    const sealed = vault.seal(JSON.stringify(credential), contextOf(place))
    return { ...listedOf(credential), sealed, state: 'connected', stateReason: undefined } as const
  }

  async function change(
    { record }: Connection,
    next: ConnectionChange,
    credential: StoredCredential,
  ): Promise<Connection | undefined> {
    const before = memory.ended
    if (!(await connections.update(record, record, next))) return undefined
    const generation = record.generation + 1
    const changed = { record: { ...record, ...next, generation, updatedAtMs: clock() }, credential }
    // One ended meanwhile, perhaps this: the next call looks.
    if (before === memory.ended) memory.put(changed)
    else memory.delete(record)
    return changed
  }

  return {
    known: (key) => memory.get(key),
    find,
    list: (filter) => connections.list(filter),
    async put({ tenant, upstream, owner }, credential, connectedBy) {
      const place = { tenant, upstream, owner, id: randomId() }
      const now = clock()
      const record: ConnectionRecord = {
        ...place,
        ...originOf(credential),
        ...describe(place, credential),
        generation: 1,
        connectedBy,
        createdAtMs: now,
        updatedAtMs: now,
        lastUsedAtMs: undefined,
      }
      const earlier = await connections.find(place)
      await connections.put(record)
      memory.end(place)
      if (earlier) onEnded?.(earlier.id)
      return { record, credential }
    },
    update: (connection, credential) => change(connection, describe(connection.record, credential), credential),
    requireConsent: (connection, stateReason) =>
      change(connection, { state: 'reconsent_required', stateReason }, connection.credential),
    async remove(key) {
      const earlier = await connections.find(key)
      const removed = await connections.remove(key)
      memory.end(key)
      if (removed && earlier) onEnded?.(earlier.id)
      return removed
    },
    lease: (...lease) => connections.lease(...lease),
    release: (...lease) => connections.release(...lease),
    noteUse: (id) => uses.note(id, clock()),
    forget: (id) => memory.endById(id),
    forgetAll: () => memory.endAll(),
    close: () => uses.close(),
  }
}

type ConnectionPlace = Pick<ConnectionRecord, keyof ConnectionKey | 'id'>

/** A record copied to another tenant, owner, upstream or connection does not open. */
export function contextOf({ tenant, owner, upstream, id }: ConnectionPlace): SealContext {
  return { tenant, kind: 'connection', owner, id: `${upstream}/${id}` }
}

/** What lists show of a credential and may change with it. */
function listedOf(credential: StoredCredential) {
  if (credential.kind === 'api-key') return { scopes: [], expiresAtMs: undefined }
  return { scopes: credential.scopes, expiresAtMs: credential.expiresAtMs }
}

/** What lists show of a credential and stays. */
function originOf(credential: StoredCredential) {
  if (credential.kind === 'api-key') {
    return { kind: credential.kind, issuer: undefined, resource: undefined, clientId: undefined }
  }
  const { kind, issuer, resource, clientId } = credential
  return { kind, issuer, resource, clientId }
}
