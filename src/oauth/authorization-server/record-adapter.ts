import type { Adapter, AdapterPayload } from 'oidc-provider'
import type { Clock } from '../../contracts/clock.ts'
import type { OAuthRecord, OAuthRecords } from '../../contracts/storage.ts'
import type { Vault } from '../../contracts/vault.ts'
import { sha256 } from '../../lib/hash.ts'
import { defaultTenant } from '../../lib/tenant.ts'
import { hideId, openClientSecret, restoreId, sealClientSecret } from './record-payload.ts'
import { tenantModels, tenantOf } from './tenant-models.ts'

/** What the adapter needs besides the store. */
export interface RecordAdapterOptions {
  readonly records: OAuthRecords
  readonly vault: Vault
  readonly clock: Clock
  /** Seconds that a rotated refresh token is still accepted. */
  readonly leewaySeconds: () => number
  /** Seconds that a registered client is kept without use. */
  readonly clientTtlSeconds: () => number
  /** A client that the project declares; it goes before a stored one. */
  readonly findConfiguredClient: (id: string) => AdapterPayload | undefined
  /** The tenant of a client that calls on its own behalf. */
  readonly findClientTenant: (id: string) => Promise<string | undefined>
  readonly onTokenDestroyed: (idHash: string) => void
  readonly onGrantRevoked: (grantId: string) => void
  /** The provider's invalid_grant error. */
  readonly invalidGrant: (message: string) => Error
}

const tokenModels: ReadonlySet<string> = new Set(['AccessToken', 'ClientCredentials'])

/** Storage of one model of the provider in our records: ids only as hashes, secrets sealed, consumption atomic. */
export class RecordAdapter implements Adapter {
  readonly #model: string
  readonly #options: RecordAdapterOptions

  constructor(model: string, options: RecordAdapterOptions) {
    this.#model = model
    this.#options = options
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const idHash = sha256(id)
    const ttl = this.#model === 'Client' ? this.#options.clientTtlSeconds() : expiresIn
    const stored = this.#model === 'Client' ? sealClientSecret(payload, idHash, this.#options.vault) : payload
    await this.#options.records.upsert({
      model: this.#model,
      tenant: await this.#findTenant(payload),
      idHash,
      grantId: this.#model === 'Grant' ? id : payload.grantId,
      uid: this.#model === 'Session' ? payload.uid : undefined,
      payload: hideId(this.#model, id, stored),
      expiresAtMs: ttl === undefined ? undefined : this.#options.clock() + ttl * 1000,
      consumedAtMs: undefined,
    })
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const configured = this.#model === 'Client' ? this.#options.findConfiguredClient(id) : undefined
    if (configured !== undefined) return configured
    const record = await this.#options.records.find(this.#model, sha256(id))
    return record && this.#read(record, id)
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const record = await this.#options.records.findByUid(this.#model, uid)
    return record && this.#read(record, '')
  }

  /** There is no device flow. */
  async findByUserCode(): Promise<undefined> {
    return undefined
  }

  /**
   * Exactly one caller consumes a record. A refresh token may be consumed again within the leeway: two windows of one client
   * refresh at once. Whoever else comes second holds a stolen copy or lost a race with one: the grant ends (RFC 9700 §4.14).
   */
  async consume(id: string): Promise<void> {
    const { records, clock, invalidGrant } = this.#options
    const idHash = sha256(id)
    if (await records.consume(this.#model, idHash, clock())) return
    const record = await records.find(this.#model, idHash)
    if (record && this.#withinLeeway(record)) return
    if (record?.grantId !== undefined) await this.revokeByGrantId(record.grantId)
    throw invalidGrant('already used')
  }

  async destroy(id: string): Promise<void> {
    const idHash = sha256(id)
    await this.#options.records.destroy(this.#model, idHash)
    if (tokenModels.has(this.#model)) this.#options.onTokenDestroyed(idHash)
    if (this.#model === 'Grant') await this.revokeByGrantId(id)
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.#options.records.destroyByGrant(grantId)
    this.#options.onGrantRevoked(grantId)
  }

  /** Codes and tokens belong to the tenant of their grant; where there is none, of their client. */
  async #findTenant(payload: AdapterPayload): Promise<string> {
    if (!tenantModels.has(this.#model)) return defaultTenant
    const { records, findClientTenant } = this.#options
    const { grantId, clientId = '' } = payload
    const found =
      tenantOf(payload) ??
      (grantId === undefined
        ? await findClientTenant(clientId)
        : (await records.find('Grant', sha256(grantId)))?.tenant)
    return found ?? defaultTenant
  }

  #read(record: OAuthRecord, id: string): AdapterPayload | undefined {
    const expired = record.expiresAtMs !== undefined && record.expiresAtMs <= this.#options.clock()
    if (expired && this.#model === 'Client') return undefined
    const stored = restoreId(record.payload, id)
    const payload = tenantModels.has(this.#model) ? { ...stored, tenant: record.tenant } : stored
    if (this.#model === 'Client') return openClientSecret(payload, record.idHash, this.#options.vault)
    if (record.consumedAtMs === undefined || this.#withinLeeway(record)) return payload
    return { ...payload, consumed: Math.floor(record.consumedAtMs / 1000) }
  }

  #withinLeeway(record: OAuthRecord): boolean {
    if (this.#model !== 'RefreshToken' || record.consumedAtMs === undefined) return false
    return this.#options.clock() - record.consumedAtMs < this.#options.leewaySeconds() * 1000
  }
}
