import type { OAuthRecords } from '../../contracts/storage.ts'
import { sha256 } from '../../lib/hash.ts'
import { defaultTenant } from '../../lib/tenant.ts'

/** Something that may be used once until it expires. */
export interface SingleUse {
  /** What kind of thing it is: the model of its record. */
  readonly model: string
  /** Who made it, and its id there. */
  readonly issuer: string
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number
}

/** True for exactly one caller in any process (RFC 7523 §3: jti). */
export async function useOnce(
  { model, issuer, id, expiresAtMs }: SingleUse,
  records: OAuthRecords,
  nowMs: number,
): Promise<boolean> {
  const idHash = sha256(JSON.stringify([issuer, id]))
  const unset = { grantId: undefined, uid: undefined, consumedAtMs: undefined }
  await records.upsert({ model, tenant: defaultTenant, idHash, payload: '{}', expiresAtMs, ...unset })
  return records.consume(model, idHash, nowMs)
}
