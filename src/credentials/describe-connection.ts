import type { ConnectionRecord } from '../contracts/storage.ts'
import { toIsoTime } from '../lib/iso-time.ts'

/** What administration may know of a connection. Never the credential. */
export function describeConnection(record: ConnectionRecord) {
  const { tenant, upstream, owner, kind, state, stateReason, issuer, scopes, connectedBy } = record
  return {
    tenant,
    upstream,
    owner,
    kind,
    state,
    stateReason: stateReason ?? null,
    issuer: issuer ?? null,
    scopes,
    connectedBy,
    connectedAt: toIsoTime(record.createdAtMs),
    tokenExpiresAt: toIsoTime(record.expiresAtMs),
    lastUsedAt: toIsoTime(record.lastUsedAtMs),
  }
}
