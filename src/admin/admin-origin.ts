import type { Storage } from '../contracts/storage.ts'
import { sha256 } from '../lib/hash.ts'
import { isJsonObject, stringMember } from '../lib/json.ts'
import { defaultTenant } from '../lib/tenant.ts'

const model = 'AdminListener'
const idHash = sha256('origin')

/** The other processes, and the command line, learn from the store where the console is. */
export async function announceOrigin(origin: string, { oauth }: Pick<Storage, 'oauth'>): Promise<void> {
  await oauth.upsert({
    model,
    tenant: defaultTenant,
    idHash,
    grantId: undefined,
    uid: undefined,
    payload: JSON.stringify({ origin }),
    expiresAtMs: undefined,
    consumedAtMs: undefined,
  })
}

/** Origin of the admin listener that was opened last on this store; undefined: there never was one. */
export async function findAdminOrigin({ oauth }: Pick<Storage, 'oauth'>): Promise<string | undefined> {
  const record = await oauth.find(model, idHash)
  const payload: unknown = record && JSON.parse(record.payload)
  return isJsonObject(payload) ? stringMember(payload, 'origin') : undefined
}
