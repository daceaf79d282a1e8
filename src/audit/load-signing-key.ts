import type { SealedValues } from '../contracts/storage.ts'
import type { SealContext, Vault } from '../contracts/vault.ts'
import { generateSigningKey, type SigningKey } from '../lib/sign.ts'
import { defaultTenant } from '../lib/tenant.ts'

const name = 'audit-signing-key'
const context: SealContext = { tenant: defaultTenant, kind: 'audit-signing-key', owner: 'gateway', id: name }

/** What a stored value belongs to, if it is the key that signs the audit trail. */
export function auditKeyContext(valueName: string): SealContext | undefined {
  return valueName === name ? context : undefined
}

/** The key that signs the audit trail, made at the first start. Two processes that start at once end up with the same key. */
export async function loadAuditKey(values: SealedValues, vault: Vault): Promise<SigningKey> {
  const stored = await values.get(name)
  const sealed = stored ?? (await values.putIfAbsent(name, vault.seal(JSON.stringify(generateSigningKey()), context)))
  return JSON.parse(vault.open(sealed, context)) as SigningKey
}
