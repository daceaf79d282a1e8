import type { SealedValues } from '../contracts/storage.ts'
import type { SealContext, Vault } from '../contracts/vault.ts'
import { randomToken } from '../lib/random-id.ts'
import { createTokenSealer, type TokenSealer } from '../lib/seal-token.ts'
import { defaultTenant } from '../lib/tenant.ts'

const suffix = '-key'

/**
 * A sealer whose key is kept in the store, sealed by the vault: what it seals outlives a restart and is known to every process. `purpose`
 * names the key, e.g. `mcp-session`.
 */
export async function loadSealer(values: SealedValues, vault: Vault, purpose: string): Promise<TokenSealer> {
  const name = purpose + suffix
  const context = contextOf(purpose)
  const sealed = (await values.get(name)) ?? (await values.putIfAbsent(name, vault.seal(randomToken(32), context)))
  return createTokenSealer(Buffer.from(vault.open(sealed, context), 'base64url'))
}

/** What a stored value belongs to, if it is the key of a sealer. */
export function sealerKeyContext(name: string): SealContext | undefined {
  return name.endsWith(suffix) ? contextOf(name.slice(0, -suffix.length)) : undefined
}

function contextOf(purpose: string): SealContext {
  return { tenant: defaultTenant, kind: 'gateway-key', owner: 'gateway', id: purpose }
}
