import type { SealedValues } from '../contracts/storage.ts'
import type { Vault } from '../contracts/vault.ts'
import { randomToken } from '../lib/random-id.ts'
import { createTokenSealer, type TokenSealer } from '../lib/seal-token.ts'

const name = 'mcp-session-key'
const context = { tenant: 'default', kind: 'gateway-key', owner: 'gateway', id: 'mcp-session' }

/** The sealer of MCP session ids. Sessions of legacy clients outlive a restart, so its key is kept in the store, sealed. */
export async function loadSessionSealer(values: SealedValues, vault: Vault): Promise<TokenSealer> {
  const sealed = (await values.get(name)) ?? (await values.putIfAbsent(name, vault.seal(randomToken(32), context)))
  return createTokenSealer(Buffer.from(vault.open(sealed, context), 'base64url'))
}
