import type { ConnectionRecord, Connections } from '../contracts/storage.ts'
import type { Vault } from '../contracts/vault.ts'
import { isJsonObject } from '../lib/json.ts'
import { contextOf } from './connections.ts'

const mostListed = 100_000
/** More than these are not opened: opening takes microseconds each, and nobody reads a longer list. */
const mostOpened = 1_000

/**
 * Connections whose token ends before `untilMs`, or has ended, and cannot be renewed: the upstream issued no refresh token. Those that ended
 * are connected as far as the store knows, until their owner calls again.
 */
export async function findEndingConnections(
  connections: Pick<Connections, 'list'>,
  vault: Pick<Vault, 'open'>,
  untilMs: number,
): Promise<readonly ConnectionRecord[]> {
  const records = await connections.list({ limit: mostListed })
  const ending = records.filter(
    ({ kind, state, expiresAtMs }) =>
      kind === 'oauth' && state === 'connected' && expiresAtMs !== undefined && expiresAtMs <= untilMs,
  )
  return ending.slice(0, mostOpened).filter((record) => !canRenew(record, vault))
}

function canRenew(record: ConnectionRecord, vault: Pick<Vault, 'open'>): boolean {
  try {
    const credential: unknown = JSON.parse(vault.open(record.sealed, contextOf(record)))
    return isJsonObject(credential) && typeof credential['refreshToken'] === 'string'
  } catch {
    // What does not open is another problem, which is told where it is used.
    return true
  }
}
