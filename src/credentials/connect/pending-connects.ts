import type { Clock } from '../../contracts/clock.ts'
import type { OAuthRecord, OAuthRecords } from '../../contracts/storage.ts'
import type { SealContext, Vault } from '../../contracts/vault.ts'
import { sha256 } from '../../lib/hash.ts'
import { defaultTenant } from '../../lib/tenant.ts'
import type { LocalListener } from './connection-paths.ts'

/** A sign-in at an upstream that is under way. */
export interface PendingConnect<Authorization> {
  readonly upstream: string
  /** Whose connection it will be. */
  readonly tenant: string
  readonly owner: string
  /** Who set out: nobody else can come back. */
  readonly subject: string
  /** Hash of the cookie of the browser it was begun in. */
  readonly browserHash: string
  readonly returnPath: string | undefined
  readonly local: LocalListener | undefined
  readonly virtualServer: string | undefined
  /** What redeeming the answer needs, the code verifier among it. */
  readonly authorization: Authorization
}

/** Sign-ins at upstreams that are under way, by their `state`. */
export interface PendingConnects<Authorization> {
  put(state: string, pending: PendingConnect<Authorization>): Promise<void>
  /** What a state stands for; undefined when it is unknown, expired or used. Does not use it up. */
  find(state: string): Promise<PendingConnect<Authorization> | undefined>
  /** Uses a state up. True for exactly one caller. */
  consume(state: string): Promise<boolean>
}

/** Model of the records. */
export const pendingConnectModel = 'UpstreamConnect'
/** As long as people may take to sign in at an upstream. */
export const pendingConnectSeconds = 15 * 60

/** Sign-ins in the records of the authorization server: the state only as its hash, everything else sealed. */
export function createPendingConnects<Authorization>(
  records: OAuthRecords,
  vault: Vault,
  clock: Clock,
): PendingConnects<Authorization> {
  const isLive = ({ consumedAtMs, expiresAtMs }: OAuthRecord) =>
    consumedAtMs === undefined && (expiresAtMs ?? 0) > clock()
  return {
    async put(state, pending) {
      const idHash = sha256(state)
      await records.upsert({
        model: pendingConnectModel,
        tenant: pending.tenant,
        idHash,
        grantId: undefined,
        uid: undefined,
        payload: vault.seal(JSON.stringify(pending), pendingConnectContext(idHash)),
        expiresAtMs: clock() + pendingConnectSeconds * 1000,
        consumedAtMs: undefined,
      })
    },
    async find(state) {
      const record = await records.find(pendingConnectModel, sha256(state))
      if (record === undefined || !isLive(record)) return undefined
      const opened = vault.open(record.payload, pendingConnectContext(record.idHash))
      return JSON.parse(opened) as PendingConnect<Authorization>
    },
    consume: (state) => records.consume(pendingConnectModel, sha256(state), clock()),
  }
}

/** What a sealed record belongs to. From its hash alone, so that its key can be wrapped anew. */
export function pendingConnectContext(idHash: string): SealContext {
  return { tenant: defaultTenant, kind: 'upstream-connect', owner: idHash, id: idHash }
}
